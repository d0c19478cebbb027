internal import AgentMetrics
package import History
internal import SystemIO

/// The clock of the program: owns all collectors, reads them on every tick, and puts Samples into the History.
///
/// Ticks stand on multiples of the interval of the wall clock. Rates are taken over the time that really passed. A
/// suspended machine leaves a gap, never a spike; so does a clock that was set. Everything runs on one thread.
///
/// Besides the main track there is one for each interval that somebody watches at: each has a previous Reading of its
/// own, and a moment that several of them are due at is read once.
package final class Sampler: Sendable {
  /// Makes the collectors of a machine; called on the sampler's thread, where they stay.
  package typealias Machine = @Sendable () -> [any Collector]

  /// Where the figures come from.
  package enum Source: Sendable {
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
  package init(
    source: Source, history: History, timekeeper: any Timekeeper, report: @escaping @Sendable (String) -> Void
  ) {
    self.source = source
    self.history = history
    self.timekeeper = timekeeper
    self.report = report
  }

  /// Starts the thread.
  package func start() {
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
  package func waitUntilEnded(atMost seconds: Double) {
    _ = ended.wait(atMost: seconds) { $0 ? true : nil }
  }

  /// Samples until the timekeeper says stop, on the caller's thread.
  package func run() {
    history.setWake({ [timekeeper] in timekeeper.wake() }, now: { [timekeeper] in timekeeper.now.boottime })
    var ticks = SamplingLoop(history: history, timekeeper: timekeeper)
    switch source {
    case .live(let machine):
      ticks.begin(CollectionPass(collectors: machine(), report: report), firstSampleAfter: Self.firstInterval)
    case .recorded(let machine, let later):
      ticks.isRecording = true
      ticks.begin(CollectionPass(collectors: machine(), report: report), firstSampleAfter: 0)
      if let later { ticks.goOn(with: CollectionPass(collectors: later(), report: report)) }
    case .simulated(let machine):
      ticks.begin(CollectionPass(collectors: machine(), report: report), past: history.capacity)
    }
    repeat { ticks.work() } while timekeeper.wait(seconds: ticks.untilNext)
  }
}

/// What the sampler's thread holds from tick to tick: the last Readings, and for each track when its next one is due.
private struct SamplingLoop {
  private struct Track {
    let schedule: TickSchedule
    /// Its last Reading, from which the next sample is derived.
    var previous: Int
    var last: Instant
    /// When it is due, by the monotonic clock.
    var due: Double
    /// Means of the GPUs' answers since `previous`.
    var gpus = GPUMeans()

    var interval: Int { Int(schedule.interval) }
  }

  /// Whether what is read does not move by itself.
  var isRecording = false

  private let history: History
  private let timekeeper: any Timekeeper
  private var pass: CollectionPass?
  /// Used in turn, so that none is written to while a track or the History holds it: no memory is made for a look.
  private var readings: [Reading] = []
  /// The main one first.
  private var tracks: [Track] = []
  /// The newest Reading and its instant.
  private var latest: (reading: Int, instant: Instant)
  /// When each GPU's driver answered last.
  private var gpuAnswers = GPUAnswers()
  /// The first instant of a recording of two.
  private var first: Reading?
  /// Seconds between a scan of the processes and the next one that a request causes: rates over less are mostly noise.
  private static let shortestSpan = 0.9

  init(history: History, timekeeper: any Timekeeper) {
    self.history = history
    self.timekeeper = timekeeper
    latest = (0, timekeeper.now)
  }

  /// The first look, from which nothing is known but levels; the first sample comes after so many seconds.
  mutating func begin(_ pass: CollectionPass, firstSampleAfter seconds: Double) {
    self.pass = pass
    look(at: timekeeper.now)
    history.setPreview(Sample(from: nil, to: readings[latest.reading]))
    // A sample's moment is its second: one of before a restart may have this one already.
    let now = timekeeper.now
    let newest = history.all.last?.sample.timestamp.seconds
    let isTaken = seconds > 0 && newest == (now.realtime + seconds).rounded(.down)
    begin(due: now.monotonic + (isTaken ? (newest ?? 0) + 1 - now.realtime : seconds))
  }

  /// The looks of a past that can be made up: a main track as long as `count`.
  mutating func begin(_ pass: CollectionPass, past count: Int) {
    self.pass = pass
    let instants = TickSchedule(interval: Double(history.interval)).ticks(count + 1, upTo: timekeeper.now)
    var samples: [Sample] = []
    var previous: Int?
    var span: ProcessSpan?
    for instant in instants {
      look(at: instant, besides: previous)
      if let previous {
        samples.append(sample(from: previous))
        span = self.span(from: previous)
      }
      previous = latest.reading
    }
    // At once: who looks on meanwhile would take the past for what comes.
    guard let newest = samples.popLast() else { return }
    history.restore(samples)
    history.append([History.NewSample(interval: history.interval, sample: newest, processes: span)])
    begin(due: 0)
    tracks[0].due = due(tracks[0])
  }

  /// The later instant of a recording.
  mutating func goOn(with pass: CollectionPass) {
    self.pass = pass
    var first = readings[latest.reading]
    first.processes?.instant = first.host.uptime
    self.first = first
  }

  private mutating func begin(due: Double) {
    let schedule = TickSchedule(interval: Double(history.interval))
    tracks = [Track(schedule: schedule, previous: latest.reading, last: latest.instant, due: due)]
  }

  /// Seconds until there is something to do.
  var untilNext: Double {
    max(0, (tracks.map(\.due).min() ?? 0) - timekeeper.now.monotonic)
  }

  /// Does what is due: samples, a first Reading for a new track, a fresh look for somebody who asked for one.
  mutating func work() {
    adopt(history.wantedIntervals(at: timekeeper.now.monotonic))
    // Two tracks' ticks at one moment were reckoned at different times, by a wall clock that may be slewed meanwhile.
    let horizon = timekeeper.now.monotonic + 0.05
    let due = tracks.indices.filter { tracks[$0].due <= horizon }
    if !due.isEmpty { tick(due) }
    answer(history.takeQuestions())
  }

  /// One look for all tracks that are due.
  private mutating func tick(_ due: [Int]) {
    var instant = timekeeper.now
    // The two clocks are not read at once; a tick's moment is the tick.
    instant.realtime = tracks[due[0]].schedule.time(at: instant.realtime)
    look(at: instant)
    var samples: [History.NewSample] = []
    for index in due {
      let track = tracks[index]
      if track.schedule.continuity(from: track.last, to: instant) == .sample {
        var sample = sample(from: track.previous)
        track.gpus.write(to: &sample.gpus)
        samples.append(
          History.NewSample(interval: track.interval, sample: sample, processes: span(from: track.previous)))
      }
      tracks[index].gpus = GPUMeans()
      tracks[index].previous = latest.reading
      tracks[index].last = instant
      tracks[index].due = self.due(tracks[index])
    }
    history.append(samples)
  }

  private func due(_ track: Track) -> Double {
    let now = timekeeper.now
    return now.monotonic + track.schedule.wait(from: now, lastSample: isRecording ? nil : track.last)
  }

  /// Lets tracks go that nobody wants any more, and begins new ones.
  private mutating func adopt(_ intervals: [Int]) {
    let before = tracks.count
    for index in tracks.indices.dropFirst().reversed() where !intervals.contains(tracks[index].interval) {
      let reading = tracks.remove(at: index).previous
      // What it held is a hundred kilobytes on a machine with many processes.
      if reading != latest.reading, !tracks.contains(where: { $0.previous == reading }) {
        readings[reading] = Reading()
      }
    }
    // With a track hundreds of samples go, between others that stay.
    if tracks.count < before { ProcessSettings.trimHeap() }
    for interval in intervals where !tracks.contains(where: { $0.interval == interval }) {
      let schedule = TickSchedule(interval: Double(interval))
      let now = timekeeper.now
      // A first sample over much more than the interval would not be one of this track's.
      let isFresh = now.boottime - latest.instant.boottime < schedule.interval / 2
      if !isFresh { look(at: now) }
      var track = Track(schedule: schedule, previous: latest.reading, last: latest.instant, due: 0)
      track.due = due(track)
      tracks.append(track)
    }
  }

  private mutating func answer(_ questions: [History.FreshRequest]) {
    guard let minimum = questions.map(\.maxAge).min() else { return }
    let now = timekeeper.now
    let age = now.boottime - latest.instant.boottime
    let wantsTable = questions.contains { $0.wantsTable }
    // A table may be older than the Reading that repeats it.
    let tableAge = age + (readings[latest.reading].processes?.age ?? .infinity)
    // Several questions of one moment share a Reading.
    if age > max(0.1, minimum) || wantsTable && tableAge > Self.shortestSpan {
      look(at: now, isBetween: true, wantsTable: wantsTable)
    }
    history.answer(questions, readings[latest.reading], wantsTable ? tableSpan : nil)
  }

  /// The newest scan over the time since the one before it, whoever caused that.
  private var tableSpan: ProcessSpan? {
    if isRecording { return span(from: tracks[0].previous) }
    return readings[latest.reading].processes.map { ProcessSpan(from: nil, to: $0, over: Elapsed(seconds: .nan)) }
  }

  /// The processes from an earlier Reading to the newest, as the sample has them.
  private func span(from previous: Int) -> ProcessSpan? {
    let (previous, current) = (first ?? readings[previous], readings[latest.reading])
    let elapsed = isRecording ? recordedTime(previous, current) : current.monotonic - previous.monotonic
    return current.processes.map { processes in
      elapsed.map { ProcessSpan(from: previous.processes, to: processes, over: Elapsed(seconds: $0)) }
        ?? ProcessSpan(
          from: nil, to: processes, over: Elapsed(seconds: current.host.uptime, isSinceBoot: true))
    }
  }

  /// Seconds between two Readings of a recording; nil where both are one instant, shown as means since boot.
  private func recordedTime(_ previous: Reading, _ current: Reading) -> Double? {
    let uptime = current.host.uptime - previous.host.uptime
    if uptime > 0 { return uptime }
    return current.cpu.total == previous.cpu.total ? nil : current.monotonic - previous.monotonic
  }

  /// The sample from an earlier Reading to the newest.
  private func sample(from previous: Int) -> Sample {
    let (previous, current) = (first ?? readings[previous], readings[latest.reading])
    guard isRecording else { return Sample(from: previous, to: current) }
    guard let elapsed = recordedTime(previous, current) else { return Sample(sinceBoot: current) }
    return Sample(from: previous, to: current, over: Elapsed(seconds: elapsed))
  }

  /// Reads the machine, into a Reading that nobody holds.
  ///
  /// - Parameters:
  ///   - isBetween: whether no track is due.
  ///   - wantsTable: whether it answers a request for the table of processes.
  private mutating func look(
    at instant: Instant, besides other: Int? = nil, isBetween: Bool = false, wantsTable: Bool = false
  ) {
    let free = readings.indices.first { index in
      index != latest.reading && index != other && !tracks.contains { $0.previous == index }
    }
    let place = free ?? readings.count
    if free == nil { readings.append(Reading()) }
    var instant = instant
    // A timestamp and its text are the same moment.
    instant.realtime.round(.down)
    let watchers = history.watchers
    let demand = Demand(
      isWatched: watchers.isWatched, wantsTable: wantsTable, wantsThreads: watchers.wantsThreads,
      threadsOf: watchers.threadsOf)
    pass?.read(into: &readings[place], at: instant, isBetween: isBetween, demand: demand)
    // Between the instants of a recording, not between two looks at one of them.
    if first != nil {
      readings[place].processes?.earlier = nil
      let uptime = readings[place].host.uptime
      readings[place].processes?.instant = uptime
    }
    latest = (place, instant)
    let answers = gpuAnswers.new(in: readings[place])
    for index in tracks.indices { tracks[index].gpus.add(answers, of: readings[place].gpus) }
    history.setLatest(readings[place])
  }
}

/// One look at all collectors.
struct CollectionPass {
  private let collectors: [any Collector]
  private let report: @Sendable (String) -> Void
  private var isFailing: [Bool]

  init(collectors: [any Collector], report: @escaping @Sendable (String) -> Void) {
    self.collectors = collectors
    self.report = report
    isFailing = Array(repeating: false, count: collectors.count)
  }

  /// Reads everything into `reading`, and how each source did into its `agent.sources`.
  ///
  /// - Parameter isBetween: whether it is no tick's look.
  mutating func read(
    into reading: inout Reading, at instant: Instant, isBetween: Bool = false, demand: Demand = Demand()
  ) {
    reading.timestamp = Timestamp(seconds: instant.realtime)
    reading.monotonic = instant.monotonic
    reading.boottime = instant.boottime
    if reading.agent.sources.count != collectors.count {
      reading.agent.sources = collectors.map { SourceReading(name: $0.name, duration: .nan, success: true, age: .nan) }
    }
    // What may block starts now and is done, as a rule, when its turn comes.
    for collector in collectors {
      collector.accept(demand)
      collector.prepare()
    }
    for index in collectors.indices {
      let collector = collectors[index]
      let start = Clock.monotonic
      var failure: CollectorError?
      do {
        if isBetween { try collector.readBetween(into: &reading) } else { try collector.read(into: &reading) }
      } catch {
        failure = error
      }
      reading.agent.sources[index].duration = Clock.monotonic - start
      reading.agent.sources[index].success = failure == nil
      reading.agent.sources[index].age = collector.age
      reading.agent.sources[index].error = failure?.description
      reading.agent.sources[index].note = failure == nil ? collector.note : nil
      // Once when it begins and once when it ends, not on every tick between.
      if let failure, !isFailing[index] {
        report("\(collector.name): \(failure)")
      } else if failure == nil, isFailing[index] {
        report("\(collector.name): works again")
      }
      isFailing[index] = failure != nil
    }
  }
}
