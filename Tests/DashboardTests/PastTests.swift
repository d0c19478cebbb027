import AgentMetrics
import Query
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Dashboard

/// Samples in the archive from before memory.
@Suite(.ownThreads) struct HistoryFetcherTests {
  /// An archive backed by another history, which answers when allowed.
  private final class Kept: SampleArchive {
    struct Broken: Error, CustomStringConvertible {
      let description = "it is broken"
    }

    let samples: History
    /// Before this time only means are kept.
    var rawFrom: Double { gate.withState { $0.rawFrom } }
    let gate = Condition((isOpen: true, rawFrom: -Double.infinity, isBroken: false))
    let status = ArchiveStatus()

    init(_ samples: History) { self.samples = samples }

    var oldest: Double? { samples.all.first?.sample.timestamp.seconds }

    private func pass() throws {
      if gate.wait({ $0.isOpen ? $0.isBroken : nil }) ?? false { throw Broken() }
    }

    func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] { [] }

    func sample(at time: Double) async throws -> Sample? {
      try pass()
      guard time >= rawFrom else { return nil }
      return samples.entry(at: Timestamp(seconds: time))?.sample
    }

    func columns(
      _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
    ) async throws -> Columns {
      try pass()
      return try samples.columns(
        HistoryQuery(.between(Timestamp(seconds: start), Timestamp(seconds: end)), step: step), selectors,
        extremes: extremes)
    }
  }

  private let kept: Kept
  private let history: History
  private let first: Double
  private let last: Double

  init() {
    var machine = MadeUpMachine.gpuServer
    machine.outOfMemoryAt = 400
    let all = machine.history(ticks: 900)
    kept = Kept(all)
    history = History(capacity: 60, interval: 1)
    for entry in all.all.suffix(60) { history.append(entry.sample) }
    history.archive = kept
    first = all.all.first?.sample.timestamp.seconds ?? 0
    last = all.latest?.sample.timestamp.seconds ?? 0
  }

  private func run(_ terminal: RecordingTerminal) {
    _ = Dashboard(
      history: history, options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [last] in (last + 0.25, 0) }
    ).run(on: terminal)
  }

  private func text(_ frame: Grid?) -> String { frame?.rows.joined(separator: "\n") ?? "" }

  /// Presses keys, waits for an expected frame, and presses more.
  private func terminal(
    _ keys: [KeyPress], until isThere: @escaping (Grid?) -> Bool, then more: [KeyPress] = []
  ) -> RecordingTerminal {
    let terminal = RecordingTerminal(
      size: Size(width: 120, height: 40), events: keys.map { .key($0) } + more.map { .key($0) })
    let limit = Clock.monotonic + 300
    var seen = 0
    terminal.beforeEvent = { [unowned terminal] _ in
      guard terminal.events.count <= more.count, !isThere(terminal.frames.last), Clock.monotonic < limit else {
        return
      }
      seen = terminal.wakes.wait(atMost: 0.5) { $0 > seen ? $0 : nil } ?? seen
      terminal.events.append(.woken)
    }
    return terminal
  }

  /// Number of nonempty cells in the CPU graph.
  private func dots(_ frame: Grid?) -> Int {
    frame?.rows[3...8].joined().unicodeScalars.filter { (0x2801...0x28FF).contains($0.value) }.count ?? 0
  }

  @Test func columnsBecomeSamples() throws {
    let query = HistoryQuery(.between(nil, nil), step: 60)
    let columns = try kept.samples.columns(query, [SeriesSelector("*")], extremes: true)
    let rows = ColumnSamples(columns)
    let row = 5
    let end = columns.timestamps[row]
    let samples = kept.samples.all.map(\.sample).filter {
      $0.timestamp.seconds > end - 59.999 && $0.timestamp.seconds <= end + 0.001
    }
    let mean = rows.sample(row: row, elapsed: 60)
    func expected(_ metric: (Sample) -> Double) -> Double {
      samples.map(metric).reduce(0, +) / Double(samples.count)
    }
    #expect(abs(mean.cpu.usage - expected { $0.cpu.usage }) < 1e-9)
    #expect(abs((mean.disk?.readRate ?? -1) - expected { $0.disk?.readRate ?? .nan }) < 1)
    #expect(mean.gpus.map(\.index) == samples[0].gpus.map(\.index))
    #expect(abs(mean.gpus[3].util - expected { $0.gpus[3].util }) < 1e-9)
    #expect(mean.disks.map(\.device) == samples[0].disks.map(\.device))
    #expect(mean.temperatures.map(\.chip) == samples[0].temperatures.map(\.chip))
    #expect(mean.cpu.perCore.count == 64)
    #expect(mean.elapsed == 60 && mean.timestamp.seconds == end)
    let (minimum, maximum) = (
      rows.sample(row: row, .minimum, elapsed: 60), rows.sample(row: row, .maximum, elapsed: 60)
    )
    #expect(minimum.cpu.usage == samples.map(\.cpu.usage).min())
    #expect(maximum.cpu.usage == samples.map(\.cpu.usage).max())
    #expect(!rows.isEmpty(row: row))
  }

  @Test func stepsOfThePastHaveTheirRange() {
    func sample(_ usage: Double, at time: Double) -> Sample {
      var sample = Sample()
      sample.timestamp = Timestamp(seconds: time)
      sample.elapsed = 60
      sample.cpu.usage = usage
      return sample
    }
    let step = HistoryBucket(
      mean: sample(0.4, at: 120), minimum: sample(0.1, at: 120), maximum: sample(0.9, at: 120), count: 60)
    let timeline = Timeline([], past: [step], axis: TimeAxis(step: 60, end: 240), interval: 1)
    let columns = timeline.columns(in: 4, Glyphs(.blocks)) { $0.cpu.usage }
    #expect(columns.map(\.count) == [0, 60, 0, 0])
    #expect(columns[1] == Timeline.TimeColumn(mean: 0.4, low: 0.1, high: 0.9, count: 60))
    // Free capacity is lowest where use is highest.
    let rest = timeline.columns(in: 4, Glyphs(.blocks)) { 1 - $0.cpu.usage }
    #expect(abs(rest[1].low - 0.1) < 1e-9 && abs(rest[1].high - 0.9) < 1e-9)
  }

  @Test func homeGoesBeyondMemory() {
    let screen = terminal([.home]) { [self] in dots($0) > 20 && text($0).contains("top processes recorded") }
    run(screen)
    let frame = text(screen.frames.last)
    #expect(frame.contains("PAST " + TextFormat.clock(first)))
    #expect(frame.contains("top processes recorded at " + TextFormat.clock(first)))
    #expect(frame.contains("python3"))
    let now = text(screen.frames.first)
    #expect(!now.contains("PAST"))
    #expect(dots(screen.frames.last) > 20)
  }

  @Test func theStretchThatIsShownReachesBack() {
    // Memory alone fills a few cells.
    let screen = terminal(
      [KeyPress](repeating: .character("-"), count: 3), until: { [self] in dots($0) > 60 }, then: [.character("p")])
    run(screen)
    #expect(dots(screen.frames.last) > 60)
    // The change of the counters is an event.
    #expect(text(screen.frames.last).contains("out of memory"))
  }

  @Test func keysAreAnsweredWhileItLooks() {
    kept.gate.update { $0.isOpen = false }
    let screen = RecordingTerminal(
      size: Size(width: 120, height: 40),
      events: [
        .key(.home), .key(.character("h")), .key(.character("h")), .woken, .key(.end),
      ])
    screen.beforeEvent = { [kept] index in
      // The delay after which the screen reports a pending answer.
      if index == 3 { _ = Condition(0).wait(atMost: 0.35) { _ in nil as Bool? } }
      if index == 4 { kept.gate.update { $0.isOpen = true } }
    }
    run(screen)
    let texts = screen.frames.map(text)
    #expect(texts.count == 6)
    #expect(texts[2].contains("show or hide this help") && !texts[3].contains("show or hide this help"))
    #expect(texts[4].contains("loading"))
    #expect(!texts[5].contains("PAST"))
  }

  @Test func ofWhatIsOnlyKeptAsMeansTheMeanIsShown() {
    kept.gate.update { $0.rawFrom = .infinity }
    let screen = terminal([.home]) { [self] in text($0).contains("mean of 1m") }
    run(screen)
    let frame = text(screen.frames.last)
    #expect(frame.contains("mean of 1m"))
    #expect(frame.contains("no processes recorded at this time"))
    // Names have no series, but are still shown.
    #expect(frame.contains("H100"))
  }

  @Test func aHistoryThatCannotBeReadIsSaid() {
    kept.gate.update { $0.isBroken = true }
    let screen = terminal([.home]) { [self] in text($0).contains("could not be read") }
    run(screen)
    #expect(text(screen.frames.last).contains("could not be read: it is broken"))
  }

  @Test func theCursorTravelsBeyondMemory() {
    var frameContext = FrameContext()
    frameContext.entries = history.all
    frameContext.oldest = first
    frameContext.interval = 30
    frameContext.axis = TimeAxis(step: 1, end: last)
    frameContext.axisColumns = 60
    let memory = history.all.first?.sample.timestamp.seconds ?? 0
    var model = Model()
    model.state.cursor.time = memory
    model.state.cursor.axisEnd = last
    _ = model.perform(.time(.step(-1)), frameContext)
    // By at least the distance of two samples.
    #expect(model.state.cursor.time == memory - 30)
    // Where the samples' times are known, to one of them.
    frameContext.past = stride(from: memory - 100, to: memory, by: 5).map { $0 }
    _ = model.perform(.time(.step(-1)), frameContext)
    #expect(model.state.cursor.time == memory - 35)
    _ = model.perform(.time(.step(1)), frameContext)
    #expect(model.state.cursor.time == memory - 30)
    frameContext.past = []
    _ = model.perform(.time(.page(-1)), frameContext)
    #expect(model.state.cursor.time == memory - 60)
    #expect((model.state.cursor.axisEnd ?? 0) - 60 < memory - 60)
    _ = model.perform(.time(.step(1)), frameContext)
    _ = model.perform(.time(.step(1)), frameContext)
    #expect(model.state.cursor.time.map { $0 >= memory && $0 < memory + 2 } == true)
    _ = model.perform(.time(.oldest), frameContext)
    #expect(model.state.cursor.time == first)
    _ = model.perform(.time(.step(-1)), frameContext)
    #expect(model.state.cursor.time == first)
    for _ in 0..<30 {
      _ = model.perform(.time(.zoom(1)), frameContext)
      frameContext.axis.step = model.state.cursor.zoom.map { TimeAxis.steps[$0] } ?? 1
    }
    #expect((model.state.cursor.zoom.map { TimeAxis.steps[$0] * 60 } ?? 0) >= last - first)
    _ = model.perform(.time(.now), frameContext)
    #expect(model.state.cursor.time == nil)
  }
}
