internal import AgentMetrics
public import History
internal import SystemIO

/// The clock of the program: owns all collectors, reads them on every tick, and puts Samples into the History.
///
/// Ticks stand on multiples of the interval of the wall clock. Rates are taken over the time that really passed. A
/// suspended machine leaves a gap, never a spike; so does a clock that was set. Everything runs on one thread.
public final class Sampler: Sendable {
  /// Makes the collectors of a machine; called on the sampler's thread, where they stay.
  public typealias Machine = @Sendable () -> [any Collector]

  /// Where the figures come from.
  public enum Source: Sendable {
    /// A running machine.
    case live(Machine)
    /// A recording of one instant, shown as means since boot, or of two. What is being watched does not move, unless a
    /// recording's files are changed meanwhile: then rates are taken over the time between the two looks.
    case recorded(Machine, later: Machine?)
    /// A made-up machine whose collectors take the time from the Reading that they write: it has a past at once, as long
    /// as the History.
    case simulated(Machine)
  }

  private let source: Source
  private let history: History
  private let timekeeper: any Timekeeper
  private let report: @Sendable (String) -> Void
  private let ended = Condition(false)

  /// Seconds between the two readings at start that make the first sample.
  static let firstInterval = 0.25

  /// A sampler that has not started.
  ///
  /// - Parameters:
  ///   - report: is told in one line when a source begins to fail and when it works again.
  public init(
    source: Source, history: History, timekeeper: any Timekeeper, report: @escaping @Sendable (String) -> Void
  ) {
    self.source = source
    self.history = history
    self.timekeeper = timekeeper
    self.report = report
  }

  /// Starts the thread.
  public func start() {
    let started = Thread.start("sampler") { [self] in
      run()
      ended.update { $0 = true }
    }
    if !started {
      report("the sampler has no thread to run on")
      ended.update { $0 = true }
    }
  }

  /// Waits until the thread has ended, after the timekeeper was stopped; at most `seconds`.
  public func waitUntilEnded(atMost seconds: Double) {
    _ = ended.wait(atMost: seconds) { $0 ? true : nil }
  }

  /// Samples until the timekeeper says stop, on the caller's thread.
  public func run() {
    switch source {
    case .live(let machine): runLive(machine)
    case .recorded(let machine, let later): runRecorded(machine, later)
    case .simulated(let machine): runLive(machine, past: history.capacity)
    }
  }

  private func runLive(_ machine: Machine, past: Int = 0) {
    let pace = Pace(interval: Double(history.interval))
    var round = Round(collectors: machine(), report: report)
    var previous = Reading()
    var current = Reading()
    var last: Instant
    if past > 0 {
      last = timekeeper.now
      for instant in pace.ticks(past + 1, upTo: timekeeper.now) {
        swap(&previous, &current)
        last = round.read(into: &current, at: instant)
        if !previous.monotonic.isNaN { history.append(Sample(from: previous, to: current)) }
      }
      guard timekeeper.wait(seconds: pace.wait(from: timekeeper.now, lastSample: last)) else { return }
    } else {
      last = round.read(into: &current, at: timekeeper.now)
      history.setPreview(Sample(from: nil, to: current))
      guard timekeeper.wait(seconds: Self.firstInterval) else { return }
    }
    while true {
      swap(&previous, &current)
      var instant = timekeeper.now
      // The two clocks are not read at once; a tick's moment is the tick.
      instant.realtime = pace.moment(at: instant.realtime)
      let now = round.read(into: &current, at: instant)
      if pace.verdict(from: last, to: now) == .sample { history.append(Sample(from: previous, to: current)) }
      last = now
      guard timekeeper.wait(seconds: pace.wait(from: timekeeper.now, lastSample: last)) else { return }
    }
  }

  private func runRecorded(_ machine: Machine, _ later: Machine?) {
    let pace = Pace(interval: Double(history.interval))
    var first = Reading()
    var firstRound = Round(collectors: machine(), report: report)
    _ = firstRound.read(into: &first, at: timekeeper.now)
    history.setPreview(Sample(from: nil, to: first))
    var round = later.map { Round(collectors: $0(), report: report) } ?? firstRound
    while true {
      var current = Reading()
      var instant = timekeeper.now
      instant.realtime = pace.moment(at: instant.realtime)
      _ = round.read(into: &current, at: instant)
      // Between the instants, not between two looks at one of them.
      if later != nil { current.processes?.earlier = nil }
      let uptime = current.host.uptime - first.host.uptime
      if uptime > 0 {
        history.append(Sample(from: first, to: current, over: Elapsed(seconds: uptime)))
      } else if current.cpu.total == first.cpu.total {
        history.append(Sample(sinceBoot: current))
      } else {
        history.append(Sample(from: first, to: current))
      }
      if later == nil { first = current }
      guard timekeeper.wait(seconds: pace.wait(from: timekeeper.now, lastSample: nil)) else { return }
    }
  }
}

/// One look at all collectors.
struct Round {
  private let collectors: [any Collector]
  private let report: @Sendable (String) -> Void
  private var isFailing: [Bool]

  init(collectors: [any Collector], report: @escaping @Sendable (String) -> Void) {
    self.collectors = collectors
    self.report = report
    isFailing = Array(repeating: false, count: collectors.count)
  }

  /// Reads everything into `reading`, and how each source did into its `agent.sources`; returns the instant.
  mutating func read(into reading: inout Reading, at instant: Instant) -> Instant {
    reading.timestamp = Timestamp(seconds: instant.realtime)
    reading.monotonic = instant.monotonic
    reading.boottime = instant.boottime
    if reading.agent.sources.count != collectors.count {
      reading.agent.sources = collectors.map { SourceReading(name: $0.name, duration: .nan, success: true, age: .nan) }
    }
    // What may block starts now and is done, as a rule, when its turn comes.
    for collector in collectors { collector.prepare() }
    for index in collectors.indices {
      let collector = collectors[index]
      let start = Clock.monotonic
      var failure: CollectorError?
      do { try collector.read(into: &reading) } catch { failure = error }
      reading.agent.sources[index].duration = Clock.monotonic - start
      reading.agent.sources[index].success = failure == nil
      reading.agent.sources[index].age = collector.age
      reading.agent.sources[index].error = failure?.description
      // Once when it begins and once when it ends, not on every tick between.
      if let failure, !isFailing[index] {
        report("\(collector.name): \(failure)")
      } else if failure == nil, isFailing[index] {
        report("\(collector.name): works again")
      }
      isFailing[index] = failure != nil
    }
    return instant
  }
}
