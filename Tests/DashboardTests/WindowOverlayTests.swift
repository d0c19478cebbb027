import AgentMetrics
import Query
import SampleStore
import Testing

@testable import Dashboard

/// The overlays of a comparison and of the waste in a window.
@Suite struct WindowOverlayTests {
  private let history: History = {
    var machine = MadeUpMachine.gpuServer
    return machine.history(ticks: 100)
  }()
  private var last: Double { history.all.last?.sample.timestamp.seconds ?? 0 }
  /// Seconds per key.
  private var step: Double { frame(Model()).frameContext.axis.step }

  private func frame(
    _ model: Model, _ answer: WindowAnswer? = nil, size: Size = Size(width: 120, height: 40)
  ) -> Frame {
    var input = ScreenGoldens.screenInput(history, size: size, state: model.state, message: nil)
    input.window = answer
    return Screen(input).draw()
  }

  private func press(_ keys: KeyPress..., from model: Model = Model()) -> Model {
    var model = model
    for key in keys { _ = model.handle(key, in: frame(model).frameContext) }
    return model
  }

  private func text(_ model: Model, _ answer: WindowAnswer?, size: Size = Size(width: 120, height: 40)) -> String {
    frame(model, answer, size: size).grid.rows.joined(separator: "\n")
  }

  private var comparison: WindowAnswer {
    var result = Comparison()
    let cpu = Change.made(.process, "cc1plus", .cpu, 0, 7.5, share: 0.9, .started, count: 8)
    let full = Change.made(.filesystem, "/data", .used, 0.4, 0.95, share: 0.55)
    result.changes = [cpu, full]
    return .comparison(result)
  }

  @Test func theMarkedMomentIsComparedWithTheViewedOne() {
    #expect(press(.character("=")).state.note?.hasPrefix("mark a time") == true)
    let viewed = press(.left, .left, .character("="))
    guard case .comparison(let choice)? = viewed.state.overlay else {
      Issue.record("no overlay")
      return
    }
    #expect(choice.first == last - 2 * step && choice.second == last)
    #expect(WindowRequest(viewed.state, frame(viewed).frameContext) == .comparison(host: 0, last - 2 * step, last))
    let marked = press(.left, .character("'"), .left, .left, .character("="))
    guard case .comparison(let other)? = marked.state.overlay else {
      Issue.record("no overlay")
      return
    }
    #expect(other.first == last - 3 * step && other.second == last - step)
    #expect(press(.escape, from: marked).state.overlay == nil)
  }

  @Test func changesAreListed() {
    let model = press(.left, .left, .character("="))
    #expect(text(model, nil).contains("reading samples"))
    #expect(text(model, .comparison(nil)).contains("no samples around one of the times"))
    #expect(text(model, .failure("too many")).contains("too many"))
    let shown = text(model, comparison)
    for part in [
      "CHANGES, ", "8× cc1plus  started process", "+7.50", "/data  filesystem", "40%", "95%", "+55%", "90% of",
    ] {
      #expect(shown.contains(part), "\(part)\n\(shown)")
    }
    let processes = press(.tab, .tab, from: model)
    #expect(text(processes, comparison).contains("CHANGES of processes"))
    #expect(!text(processes, comparison).contains("/data  filesystem"))
    for size in [Size(width: 80, height: 24), Size(width: 60, height: 20), Size(width: 40, height: 10)] {
      #expect(text(model, comparison, size: size).contains("cc1plus"), "\(size)")
    }
    _ = text(model, comparison, size: Size(width: 9, height: 3))
  }

  /// Writes count when they are made, and disks write them later.
  @Test func moreIsAttributedThanTheDisksMoved() {
    let history = History(capacity: 10, interval: 10)
    for (time, total) in [(100.0, 0.0), (110, 4_000)] {
      var sample = Sample()
      (sample.timestamp, sample.elapsed) = (Timestamp(seconds: time), 10)
      var disk = Disk()
      (disk.readRate, disk.writeRate) = (0, 1)
      sample.disk = disk
      var workload = Workload()
      (workload.id, workload.name, workload.kind) = ("service:dd", "dd", .service)
      (workload.writeRate, workload.writtenTotal, workload.readRate) = (400, total, 0)
      var all = Workloads()
      all.top = [workload]
      sample.workloads = all
      history.append(sample)
    }
    var model = Model()
    var choice = RankingChoice(start: 100, end: 110)
    choice.measure = .io
    model.state.overlay = .ranking(choice)
    let input = ScreenGoldens.screenInput(history, size: Size(width: 140, height: 30), state: model.state)
    let shown = Screen(input).draw().grid.rows.joined(separator: "\n")
    #expect(shown.contains("the disks write them up to half a minute later") && shown.contains(" 100%"), "\(shown)")
  }

  @Test func wasteIsListed() {
    let model = press(.character("x"))
    guard case .waste(let choice)? = model.state.overlay else {
      Issue.record("no overlay")
      return
    }
    // At an interval of 1 s, as many samples as one visit passes.
    #expect(choice.end == last && choice.end - choice.start == 20_000 && choice.grouping == .workload)
    var report = WasteReport()
    (report.samples, report.gpuTime, report.gpuIdle, report.energy, report.idleEnergy) = (7, 7_200, 3_600, 7.2e6, 3.6e6)
    var waste = Waste()
    (waste.id, waste.name, waste.user, waste.gpus) = ("job:7", "notebook", "mira", "0,3")
    (waste.gpuHeld, waste.gpuIdle, waste.idleMemory, waste.idleEnergy) = (7_200, 3_600, 4e10, 3.6e6)
    (waste.throttled, waste.throttledShare) = (75, 0.4)
    report.entries = [waste]
    let shown = text(model, .waste(report), size: Size(width: 140, height: 40))
    for part in [
      "WASTE by workload", "notebook  mira", "1.00 h", "2.00 h", "50%", "37G", "1.000 kWh", "40%", "0,3",
      "all GPUs: idle 1.00 h of 2.00 h", "below 5%",
    ] { #expect(shown.contains(part), "\(part)\n\(shown)") }
    #expect(text(press(.tab, from: model), nil).contains("WASTE by user"))
    #expect(text(model, .waste(WasteReport())).contains("no samples"))
    #expect(text(model, .waste(report), size: Size(width: 50, height: 14)).contains("notebook"))
    let marked = press(.left, .character("'"), .left, .left, .character("x"))
    #expect(
      WindowRequest(marked.state, frame(marked).frameContext)
        == .waste(host: 0, start: last - 3 * step, end: last - step, .workload))
    #expect(press(.character("x"), from: marked).state.overlay == nil)
  }

  @Test func answersComeFromMemory() async throws {
    let fetcher = WindowFetcher()
    for request in [
      WindowRequest.comparison(host: 0, last - 60, last), .waste(host: 0, start: last - 60, end: last, .user),
    ] {
      await withCheckedContinuation { continuation in
        fetcher.ask(request, of: history, history.all) { continuation.resume() }
      }
      #expect(fetcher.takeNews() && !fetcher.takeNews())
      switch try #require(fetcher.answer(request)) {
      case .comparison(let found): #expect(found?.firstSamples ?? 0 > 0 && found?.secondSamples ?? 0 > 0)
      case .waste(let report): #expect(report.samples == 60 && report.gpuTime.isFinite)
      case .ranking: Issue.record("another answer")
      case .failure(let reason): Issue.record("\(reason)")
      }
    }
  }

  /// An archive with the samples of another history.
  private final class Archive: SampleArchive {
    let samples: [Sample]
    let status = ArchiveStatus()

    init(_ history: History) { samples = history.all.map(\.sample) }

    var oldest: Double? { samples.first?.timestamp.seconds }

    func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] {
      samples.filter { (start...end).contains($0.timestamp.seconds) }
    }

    func sample(at time: Double) async throws -> Sample? { samples.last { $0.timestamp.seconds <= time } }

    func columns(
      _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
    ) async throws -> Columns { Columns(timestamps: [], series: []) }
  }

  /// A window that begins before memory is ranked from the archive, too, and from memory once.
  @Test func aMarkedWindowReachesIntoTheArchive() async throws {
    let short = History(capacity: 20, interval: 1)
    for entry in history.all.suffix(20) { short.append(entry.sample) }
    short.archive = Archive(history)
    func input(from start: Double, to end: Double) -> ScreenInput {
      var state = ScreenState()
      var choice = RankingChoice(start: start, end: end)
      choice.grouping = .process
      state.overlay = .ranking(choice)
      var input = ScreenGoldens.screenInput(short, size: Size(width: 140, height: 40), state: state)
      input.oldest = short.archive?.oldest
      return input
    }
    func text(_ input: ScreenInput) -> String { Screen(input).draw().grid.rows.joined(separator: "\n") }
    func request(_ input: ScreenInput) -> WindowRequest? {
      WindowRequest(input.state, Screen(input).draw().frameContext)
    }
    for (start, end) in [(last - 90, last - 30), (last - 60, last - 5)] {
      var asked = input(from: start, to: end)
      #expect(text(asked).contains("reading samples"))
      let wanted = try #require(request(asked))
      let fetcher = WindowFetcher()
      await withCheckedContinuation { continuation in
        fetcher.ask(wanted, of: short, short.all) { continuation.resume() }
      }
      let answer: WindowAnswer = try #require(fetcher.answer(wanted))
      asked.window = answer
      let whole = ScreenGoldens.screenInput(history, size: asked.size, state: asked.state)
      // The same as with all samples in memory.
      #expect(text(asked).contains(TextFormat.fixed(end - start, 0) + " samples"), "\(text(asked))")
      #expect(rows(of: asked) == rows(of: whole) && !rows(of: asked).isEmpty)
      asked.window = .failure("too many samples")
      #expect(text(asked).contains("too many samples") && !text(asked).contains("0 samples"))
    }
    #expect(request(input(from: last - 15, to: last)) == nil)
  }

  /// The rows of a ranking.
  private func rows(of input: ScreenInput) -> [String] {
    Screen(input).draw().grid.rows.filter { $0.contains("python3") || $0.contains("postgres") }
  }
}

extension Change {
  fileprivate static func made(
    _ kind: ChangeKind, _ name: String, _ measure: ChangeMeasure, _ before: Double, _ after: Double, share: Double,
    _ state: ChangeState = .changed, count: Double = .nan
  ) -> Change {
    var change = Change()
    (change.kind, change.name, change.measure, change.before, change.after) = (kind, name, measure, before, after)
    (change.share, change.state, change.count) = (share, state, count)
    return change
  }
}
