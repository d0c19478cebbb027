import AgentMetrics
import Collect
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Dashboard

/// The dashboard before the first sample, and the samples that it asks for.
@Suite(.ownThreads) struct FirstSampleTests {
  private let start = 1_770_273_900.0

  private func run(_ terminal: RecordingTerminal, history: History, demand: SamplingDemand? = nil) -> DashboardExit {
    Dashboard(
      history: history, demand: demand, options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [start] in (start + 0.25, 0) }
    ).run(on: terminal)
  }

  private func text(_ frame: Grid?) -> String {
    frame?.rows.joined(separator: "\n") ?? ""
  }

  private var preview: Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: start)
    reading.host.hostname = "worker-17"
    reading.cpu.cores = [CPUReading.CoreReading(cpu: 0), CPUReading.CoreReading(cpu: 1)]
    reading.memory.total = 4 << 30
    reading.memory.available = 3 << 30
    reading.memory.free = 1 << 30
    return Sample(from: nil, to: reading)
  }

  @Test func thePreviewIsDrawnAtOnce() {
    let history = History(capacity: 10, interval: 1)
    history.setPreview(preview)
    let terminal = RecordingTerminal()
    _ = run(terminal, history: history)
    #expect(text(terminal.frames.first).contains("1.00/4.00 GiB"))
    #expect(text(terminal.frames.first).contains("worker-17"))
  }

  @Test func withoutAPreviewItLooksOftenAndThenLessOften() {
    let history = History(capacity: 10, interval: 1)
    let terminal = RecordingTerminal(events: [.timeout, .timeout, .timeout])
    terminal.beforeEvent = { [preview] index in
      if index == 1 { history.setPreview(preview) }
    }
    _ = run(terminal, history: history)
    let texts = terminal.frames.map { text($0) }
    #expect(texts[0].contains("no sample yet") && texts[2].contains("4.00 GiB"))
    #expect(
      terminal.timeouts[0] <= 0.01 && terminal.timeouts[1] > terminal.timeouts[0] && terminal.timeouts[2] > 0.5)
  }

  @Test func theWatchEndsWithTheLoop() {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    let watched = Condition<[Int]>([])
    let terminal = RecordingTerminal(events: [.timeout])
    terminal.beforeEvent = { _ in watched.update { $0 += demand.wantedIntervals(at: 100) } }
    _ = run(terminal, history: history, demand: demand)
    // Every second while it runs, and a minute longer.
    #expect(watched.withState { $0 } == [1, 1])
    #expect(demand.wantedIntervals(at: 200) == [1])
    #expect(demand.wantedIntervals(at: 300).isEmpty)
  }

  @Test func aFinerTrackThatIsWatchedIsShown() {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    let watch = demand.watch(interval: 1)
    var machine = MadeUpMachine.smallVM
    for entry in machine.history(ticks: 40).all { history.append([(1, entry.sample)]) }
    _ = watch
    let terminal = RecordingTerminal()
    _ = run(terminal, history: history)
    #expect(text(terminal.frames.first).contains("EPYC"))
    #expect(text(terminal.frames.first).contains { "⣿⣷⣶".contains($0) })
  }
}
