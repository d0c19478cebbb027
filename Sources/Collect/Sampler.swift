package import AgentMetrics
internal import SampleStore
package import SystemIO

/// Owns all collectors, reads them on every tick, and appends Samples to the History.
///
/// Ticks are multiples of the interval on the wall clock. Rates are taken over the time that really passed. A suspended
/// machine leaves a gap, never a spike; so does a clock that was set. Everything runs on one thread.
///
/// Besides the main track there is one for each interval requested by a watch: each has its own previous Reading, and
/// tracks that are due at the same time share one reading.
package final class Sampler: ServicePart {
  /// Creates the collectors of a machine; called on the sampler's thread, where they stay.
  package typealias Machine = @Sendable () -> [any Collector]

  /// Where a new sample goes.
  package enum Destination: Sendable {
    /// The main track.
    case main
    /// A track that is watched.
    case watched
    /// The past of a simulated machine, whose events are found at its end.
    case past
  }

  /// Completes a sample, derived from a Reading, before it is appended; called on the sampler's thread.
  package typealias Annotation = @Sendable (_ sample: inout Sample, _ reading: Reading, Destination) -> Void

  /// Origin of the values.
  package enum Source: Sendable {
    /// A running machine.
    case live(Machine)
    /// A recording of one instant, shown as means since boot, or of two.
    ///
    /// Its values are constant, unless the recording's files change meanwhile: then rates are taken over the time
    /// between the two readings.
    case recorded(Machine, later: Machine?)
    /// A simulated machine whose collectors take the time from the Reading that they write: its history is filled at
    /// the start.
    case simulated(Machine)
  }

  private let source: Source
  private let demand: SamplingDemand
  private let timekeeper: any Timekeeper
  private let annotate: Annotation
  private let heartbeat: Heartbeat?
  private let report: @Sendable (LogNotice) -> Void
  private let ended = Condition(false)

  /// Seconds between the two readings at the start that make the first sample.
  static let firstInterval = 0.25

  /// Creates a sampler that has not started.
  ///
  /// - Parameters:
  ///   - heartbeat: also wakes the sampler between ticks.
  ///   - annotate: completes each sample, such as by its alerts and events.
  ///   - report: receives one line when a source starts to fail and when it recovers.
  package init(
    source: Source, demand: SamplingDemand, timekeeper: any Timekeeper, heartbeat: Heartbeat? = nil,
    annotate: @escaping Annotation = { _, _, _ in },
    report: @escaping @Sendable (LogNotice) -> Void
  ) {
    self.source = source
    self.demand = demand
    self.timekeeper = timekeeper
    self.annotate = annotate
    self.heartbeat = heartbeat
    self.report = report
  }

  /// Starts the thread.
  package func start() {
    let started = Thread.start("sampler") { [self] in
      run()
      ended.update { $0 = true }
    }
    if !started {
      report(LogNotice("the sampler has no thread to run on"))
      ended.update { $0 = true }
    }
  }

  /// Stops the timekeeper, and waits until the thread has ended; at most `seconds`.
  package func stop(atMost seconds: Double) {
    timekeeper.stop()
    _ = ended.wait(atMost: seconds) { $0 ? true : nil }
  }

  /// Samples on the caller's thread until the timekeeper ends.
  package func run() {
    demand.setWake({ [timekeeper] in timekeeper.wake() }, now: { [timekeeper] in timekeeper.now.boottime })
    var ticks = SamplingLoop(demand: demand, timekeeper: timekeeper, annotate: annotate)
    switch source {
    case .live(let machine):
      ticks.begin(CollectionPass(collectors: machine(), report: report), firstSampleAfter: Self.firstInterval)
    case .recorded(let machine, let later):
      ticks.isRecording = true
      ticks.begin(CollectionPass(collectors: machine(), report: report), firstSampleAfter: 0)
      if let later { ticks.goOn(with: CollectionPass(collectors: later(), report: report)) }
    case .simulated(let machine):
      ticks.begin(CollectionPass(collectors: machine(), report: report), past: demand.history.capacity)
    }
    repeat {
      ticks.work()
      heartbeat?.beat()
    } while timekeeper.wait(seconds: min(ticks.untilNext, heartbeat?.interval ?? .infinity))
  }
}

/// State of the sampler's thread between ticks: the last Readings, and the next due time of each track.
private struct SamplingLoop {
  private struct Track {
    let schedule: TickSchedule
    /// Index of its last Reading, from which the next sample is derived.
    var previous: Int
    var last: Instant
    /// Due time by the monotonic clock.
    var due: Double
    /// Means of the GPUs' answers since `previous`.
    var gpus = GPUMeans()

    var interval: Int { Int(schedule.interval) }
  }

  /// Whether the values are constant, as in a recording.
  var isRecording = false
  /// Whether the machine has values for any time.
  private var isSimulated = false

  private let demand: SamplingDemand
  private let history: History
  private let timekeeper: any Timekeeper
  private let annotate: Sampler.Annotation
  private var pass: CollectionPass?
  /// Pool of Readings, so that a tick allocates no memory: none is written to while a track or the History uses it.
  private var readings: [Reading] = []
  /// The main track comes first.
  private var tracks: [Track] = []
  /// The newest Reading and its instant.
  private var latest: (reading: Int, instant: Instant)
  /// Time of each GPU driver's last answer.
  private var gpuAnswers = GPUAnswers()
  /// The first instant of a recording of two.
  private var first: Reading?
  /// Maximum samples of a simulated machine's new track; where more are missing, the first is a mean over several.
  private static let maxFilled = 60
  /// Minimum seconds between scans of the processes for requests: rates over less are mostly noise.
  private static let shortestSpan = 0.9

  init(
    demand: SamplingDemand, timekeeper: any Timekeeper,
    annotate: @escaping Sampler.Annotation
  ) {
    self.annotate = annotate
    self.demand = demand
    history = demand.history
    self.timekeeper = timekeeper
    latest = (0, timekeeper.now)
  }

  /// Takes the first Reading, which has only levels; the first sample comes after the given seconds.
  mutating func begin(_ pass: CollectionPass, firstSampleAfter seconds: Double) {
    self.pass = pass
    look(at: timekeeper.now)
    history.setPreview(Sample(from: nil, to: readings[latest.reading]))
    // Samples have whole-second timestamps: a restored one may already have this one.
    let now = timekeeper.now
    let newest = history.all.last?.sample.timestamp.seconds
    let isTaken = seconds > 0 && newest == (now.realtime + seconds).rounded(.down)
    // A tick soon after the first sample would be skipped, and be missing beside the samples of an earlier agent.
    let tick = TickSchedule(interval: Double(history.interval)).tick(after: now.realtime) - now.realtime
    let isTickNear = seconds > 0 && tick >= seconds && tick < seconds + 0.5
    let wait = isTaken ? (newest ?? 0) + 1 - now.realtime : isTickNear ? tick : seconds
    begin(due: now.monotonic + wait)
  }

  /// Fills the history of a simulated machine: a main track of `count` samples.
  mutating func begin(_ pass: CollectionPass, past count: Int) {
    self.pass = pass
    isSimulated = true
    let instants = TickSchedule(interval: Double(history.interval)).ticks(count + 1, upTo: timekeeper.now)
    var samples: [Sample] = []
    var previous: Int?
    var span: ProcessSpan?
    for instant in instants {
      look(at: instant, besides: previous)
      if let previous {
        var sample = sample(from: previous)
        if instant != instants.last { annotate(&sample, readings[latest.reading], .past) }
        samples.append(sample)
        span = self.span(from: previous)
      }
      previous = latest.reading
    }
    // Append in one step, or a concurrent watcher would see restored samples as new.
    guard var newest = samples.popLast() else { return }
    history.restore(samples)
    annotate(&newest, readings[latest.reading], .main)
    history.append([History.NewSample(interval: history.interval, sample: newest, processes: span)])
    // A long past takes more than a second.
    fill(TickSchedule(interval: Double(history.interval)), upTo: timekeeper.now, to: .main)
    begin(due: 0)
    tracks[0].due = due(tracks[0])
  }

  /// Continues with the later instant of a recording.
  mutating func goOn(with pass: CollectionPass) {
    self.pass = pass
    var first = readings[latest.reading]
    first.processes?.instant = first.host.uptime
    first.workloads?.instant = first.host.uptime
    self.first = first
  }

  private mutating func begin(due: Double) {
    let schedule = TickSchedule(interval: Double(history.interval))
    tracks = [Track(schedule: schedule, previous: latest.reading, last: latest.instant, due: due)]
  }

  /// Seconds until work is due.
  var untilNext: Double {
    max(0, (tracks.map(\.due).min() ?? 0) - timekeeper.now.monotonic)
  }

  /// Does the due work: samples, the first Reading of a new track, requested fresh readings.
  mutating func work() {
    adopt(demand.wantedIntervals(at: timekeeper.now.monotonic))
    // Tracks due at the same time may differ slightly: their times were computed separately, by a wall clock under
    // slew.
    let horizon = timekeeper.now.monotonic + 0.05
    let due = tracks.indices.filter { tracks[$0].due <= horizon }
    if !due.isEmpty { tick(due) }
    answer(demand.takeRequests())
  }

  /// Takes one reading for all tracks that are due.
  private mutating func tick(_ due: [Int]) {
    var instant = timekeeper.now
    // The two clocks are read one after the other; the sample gets the tick's time.
    instant.realtime = tracks[due[0]].schedule.time(at: instant.realtime)
    look(at: instant)
    var samples: [History.NewSample] = []
    for index in due {
      let track = tracks[index]
      if track.schedule.continuity(from: track.last, to: instant) == .sample {
        var sample = sample(from: track.previous)
        if track.gpus.write(to: &sample.gpus) {
          // The workloads' shares are of the same power.
          sample.workloads?.setGPUs(sample.gpus, readings[latest.reading].processes)
        }
        annotate(&sample, readings[latest.reading], index == 0 ? .main : .watched)
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

  /// Ends tracks that are no longer requested, and starts new ones.
  private mutating func adopt(_ intervals: [Int]) {
    let before = tracks.count
    for index in tracks.indices.dropFirst().reversed() where !intervals.contains(tracks[index].interval) {
      let reading = tracks.remove(at: index).previous
      // A Reading holds a hundred kilobytes on a machine with many processes.
      if reading != latest.reading, !tracks.contains(where: { $0.previous == reading }) {
        readings[reading] = Reading()
      }
    }
    // A track's end frees hundreds of samples, scattered between others that stay.
    if tracks.count < before { ProcessSettings.trimHeap() }
    for interval in intervals where !tracks.contains(where: { $0.interval == interval }) {
      let schedule = TickSchedule(interval: Double(interval))
      let now = timekeeper.now
      if isSimulated { fill(schedule, upTo: now, to: .watched) }
      // A first sample over much more than the interval would not fit this track. A filled one ends with a tick.
      let limit = isSimulated ? schedule.interval : schedule.interval / 2
      if now.boottime - latest.instant.boottime >= limit { look(at: now) }
      var track = Track(schedule: schedule, previous: latest.reading, last: latest.instant, due: 0)
      track.due = due(track)
      tracks.append(track)
    }
  }

  /// Takes a simulated machine's samples since the last one, so that no hole is between its past and a new track.
  private mutating func fill(_ schedule: TickSchedule, upTo now: Instant, to destination: Sampler.Destination) {
    let count = min(Self.maxFilled, Int((now.boottime - latest.instant.boottime) / schedule.interval))
    for instant in schedule.ticks(max(0, count), upTo: now) where instant.realtime > latest.instant.realtime {
      let previous = latest.reading
      look(at: instant, besides: previous)
      var sample = sample(from: previous)
      annotate(&sample, readings[latest.reading], destination)
      history.append([
        History.NewSample(interval: Int(schedule.interval), sample: sample, processes: span(from: previous))
      ])
    }
  }

  private mutating func answer(_ requests: [SamplingDemand.FreshRequest]) {
    guard let minimum = requests.map(\.maxAge).min() else { return }
    let now = timekeeper.now
    let age = now.boottime - latest.instant.boottime
    let wantsTable = requests.contains { $0.wantsTable }
    // A table may be older than the Reading that repeats it.
    let tableAge = age + (readings[latest.reading].processes?.age ?? .infinity)
    // Concurrent requests share a Reading.
    if age > max(0.1, minimum) || wantsTable && tableAge > Self.shortestSpan {
      look(at: now, isBetween: true, wantsTable: wantsTable)
    }
    demand.answer(requests, readings[latest.reading], wantsTable ? tableSpan : nil)
  }

  /// The newest scan over the time since its predecessor, whatever caused that one.
  private var tableSpan: ProcessSpan? {
    if isRecording { return span(from: tracks[0].previous) }
    return readings[latest.reading].processes.map { ProcessSpan(from: nil, to: $0, over: Elapsed(seconds: .nan)) }
  }

  /// The processes from an earlier Reading to the newest, as in the sample.
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

  /// Reads the machine into a free Reading.
  ///
  /// - Parameters:
  ///   - isBetween: whether no track is due.
  ///   - wantsTable: whether it answers a request for the process table.
  private mutating func look(
    at instant: Instant, besides other: Int? = nil, isBetween: Bool = false, wantsTable: Bool = false
  ) {
    let free = readings.indices.first { index in
      index != latest.reading && index != other && !tracks.contains { $0.previous == index }
    }
    let place = free ?? readings.count
    if free == nil { readings.append(Reading()) }
    var instant = instant
    // Timestamps have whole seconds, as in their text.
    instant.realtime.round(.down)
    let current = demand.current(wantsTable: wantsTable)
    pass?.read(into: &readings[place], at: instant, isBetween: isBetween, demand: current)
    // Rates are between the instants of a recording, not between two readings of one instant.
    if first != nil {
      readings[place].processes?.earlier = nil
      let uptime = readings[place].host.uptime
      readings[place].processes?.instant = uptime
      readings[place].workloads?.earlier = nil
      readings[place].workloads?.instant = uptime
    }
    latest = (place, instant)
    let answers = gpuAnswers.new(in: readings[place])
    for index in tracks.indices { tracks[index].gpus.add(answers, of: readings[place].gpus) }
    demand.setLatest(readings[place])
  }
}
