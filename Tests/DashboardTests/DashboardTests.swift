import AgentMetrics
import History
import Testing

@testable import Dashboard

/// The loop: what keys and events do.
@Suite struct DashboardTests {
  private let history: History
  private let start: Double

  init() {
    var machine = MadeUpMachine.smallVM
    history = machine.history(ticks: 30)
    start = history.latest?.sample.timestamp.seconds ?? 0
  }

  /// Runs a dashboard on a terminal, with a clock that stands.
  private func run(_ terminal: RecordingTerminal, history: History? = nil) -> DashboardExit {
    Dashboard(
      history: history ?? self.history, options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [start] in (start + 0.25, 0) }
    ).run(on: terminal)
  }

  private func pressing(_ keys: [KeyPress]) -> RecordingTerminal {
    RecordingTerminal(events: keys.map { .key($0) })
  }

  private func text(_ frame: Grid?) -> String {
    frame?.rows.joined(separator: "\n") ?? ""
  }

  @Test(arguments: [KeyPress.character("q"), .character("Q"), .character("\u{3}")]) func quits(_ key: KeyPress) {
    let terminal = pressing([key, .character(" ")])
    #expect(run(terminal) == .quit)
    #expect(terminal.frames.count == 1 && terminal.timeouts.count == 1)
  }

  @Test func signalsAndAGoneTerminalEndIt() {
    #expect(run(RecordingTerminal(events: [.terminated(signal: 15)])) == .terminated(signal: 15))
    #expect(run(RecordingTerminal(events: [.terminated(signal: 1)])) == .terminated(signal: 1))
    #expect(run(RecordingTerminal(events: [.terminated(signal: 2)])) == .quit)
    #expect(run(RecordingTerminal(events: [.hangup])) == .quit)
  }

  @Test(arguments: [KeyPress.character("h"), .character("?"), .help]) func helpComesAndGoes(_ key: KeyPress) {
    let terminal = pressing([key, key, key, .character("\u{1B}")])
    _ = run(terminal)
    #expect(terminal.frames.map { text($0).contains("show or hide this help") } == [false, true, false, true, false])
  }

  @Test func escapeWithoutHelpAndUnknownKeysDrawNothing() {
    let terminal = pressing([.character("\u{1B}"), .character("x"), .up, .down, .other, .character("\u{10FFFF}")])
    _ = run(terminal)
    #expect(terminal.frames.count == 1)
  }

  @Test func sortGoesRoundBothWays() {
    let terminal = pressing([.character("s"), .right, .character("s"), .left])
    _ = run(terminal)
    let orders = terminal.frames.map { frame in
      ["most CPU", "most memory", "most I/O"].firstIndex { text(frame).contains($0) }
    }
    #expect(orders == [0, 1, 2, 0, 2])
  }

  @Test func pauseHoldsThePictureWhileSamplesComeIn() {
    let terminal = RecordingTerminal(events: [
      .key(.character(" ")), .woken, .key(.character(" ")), .woken,
    ])
    var machine = MadeUpMachine.gpuServer
    let later = machine.history(ticks: 3).all.map(\.sample)
    terminal.beforeEvent = { [history, start] index in
      guard index == 1, var sample = later.last else { return }
      sample.timestamp = Timestamp(seconds: start + 1)
      sample.boottime = 1e9
      history.append(sample)
    }
    _ = run(terminal)
    let texts = terminal.frames.map { text($0) }
    #expect(texts.count == 5)
    #expect(texts[1].contains("PAUSED " + Format.clock(start)))
    #expect(texts[2] == texts[1])
    #expect(texts[3].contains("H100") && !texts[3].contains("PAUSED"))
  }

  @Test func suspendAndRedraw() {
    let terminal = RecordingTerminal(events: [
      .suspend, .key(.character("\u{1A}")), .key(.character("\u{C}")), .continued, .resized,
    ])
    _ = run(terminal)
    #expect(terminal.suspensions == 2 && terminal.invalidations == 1 && terminal.frames.count == 6)
  }

  @Test func aResizeIsDrawnInTheNewSize() {
    let terminal = RecordingTerminal(events: [.resized])
    terminal.beforeEvent = { [unowned terminal] index in
      if index == 0 { terminal.size = Size(width: 31, height: 7) }
    }
    _ = run(terminal)
    #expect(
      terminal.frames.map { Size(width: $0.width, height: $0.height) } == [
        Size(width: 80, height: 24), Size(width: 31, height: 7),
      ])
  }

  @Test func aTerminalThatTakesNothingIsTriedAgain() {
    let terminal = RecordingTerminal(events: [.timeout, .writable, .key(.other)])
    terminal.isWritable = false
    terminal.beforeEvent = { [unowned terminal] index in
      if index == 1 { terminal.isWritable = true }
    }
    _ = run(terminal)
    #expect(terminal.frames.count == 1)
  }

  @Test func theClockGoesOnBetweenSamples() {
    let terminal = RecordingTerminal(events: [.timeout])
    _ = run(terminal)
    #expect(terminal.frames.count == 2)
    #expect(terminal.timeouts.allSatisfy { abs($0 - 0.85) < 1e-6 })
  }

  // MARK: Before the first sample

  private var preview: Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: start)
    reading.host.hostname = "worker-17"
    reading.cpu.cores = [CPUReading.Core(cpu: 0), CPUReading.Core(cpu: 1)]
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
      terminal.timeouts[0] <= 0.01 && terminal.timeouts[1] == 2 * terminal.timeouts[0] && terminal.timeouts[2] > 0.5)
  }

  @Test func theObservationEndsWithTheLoop() {
    // A history that still knew the dashboard would wake it, or what stands in its place.
    let history = History(capacity: 10, interval: 1)
    _ = run(RecordingTerminal(), history: history)
    #expect(history.observe { _ in } == 2)
    history.append(preview)
    #expect(history.count == 1)
  }
}
