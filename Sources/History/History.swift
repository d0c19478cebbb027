package import AgentMetrics
internal import Synchronization

/// Ring buffer of recent samples: one writer (the sampler), many readers.
///
/// The main track holds a sample every ``interval`` seconds, up to ``capacity``. While a client watches
/// (``watch(interval:_:)``), an additional live track holds the samples taken for it.
package final class History: Sendable {
  private struct Observer {
    /// Interval of the observed track.
    let interval: Int
    let isWatch: Bool
    let onSample: @Sendable (Entry) -> Void
    /// Whether it shows threads of active processes, and a process whose threads it always shows.
    var threads: (wanted: Bool, of: Int32?) = (false, nil)
  }

  private struct State {
    var ring: Ring<Entry>
    /// The finest track comes first.
    var live: [LiveTrack] = []
    var latest: Entry?
    var latestReading: Reading?
    var preview: Entry?
    var observers: [Int: Observer] = [:]
    var questions: [Int: FreshRequest] = [:]
    var nextNumber = 0
    /// Time of the last request for the plain text of older samples, by the newest sample's clock.
    var plainAsked = -Double.infinity
    /// Whether older entries may cache their plain text.
    var cachesDecoded = false
    /// Wakes the sampler; nil without one.
    var wake: (@Sendable () -> Void)?
    /// The sampler's boot-time clock, which counts suspended time.
    var now: @Sendable () -> Double = { .infinity }
    /// The newest sample of the main track taken by this process.
    var newestMain: Entry?
    var archive: (any SampleArchive)?

    mutating func number() -> Int {
      nextNumber += 1
      return nextNumber
    }

    /// The newest Reading, unless it is older than `maxAge`.
    func reading(maxAge: Double) -> Reading? {
      latestReading.flatMap { now() - $0.boottime <= maxAge ? $0 : nil }
    }

    /// The entries whose cached plain text has not been requested for long.
    mutating func forgotten() -> [Entry] {
      guard cachesDecoded, let latest, !(latest.sample.boottime - plainAsked <= History.plainTime) else { return [] }
      cachesDecoded = false
      return ring.elements.filter { $0 !== latest }
    }

    func isWatched(_ interval: Int) -> Bool {
      observers.values.contains { $0.isWatch && $0.interval == interval }
    }

    func newest(ofTrack interval: Int) -> Entry? {
      live.first { $0.interval == interval }?.ring.last ?? ring.last
    }

    /// The finest samples for each interval, from tracks that are no finer than `interval`.
    func merged(_ interval: Int) -> [Entry] {
      var result = ring.elements
      // A finer track replaces the coarser ones over its range.
      for track in live.reversed() where track.interval >= interval {
        guard let first = track.ring.first?.sample.boottime, let last = track.ring.last?.sample.boottime else {
          continue
        }
        let after = result.drop { $0.sample.boottime <= last }
        result = result.prefix { $0.sample.boottime < first } + track.ring.elements + after
      }
      return result
    }
  }

  /// Nominal seconds between two samples.
  package let interval: Int
  /// Maximum number of samples.
  package let capacity: Int
  private let state: Mutex<State>

  package init(capacity: Int, interval: Int) {
    self.capacity = max(1, capacity)
    self.interval = max(1, interval)
    state = Mutex(State(ring: Ring(capacity: capacity)))
  }

  // MARK: Samples

  /// The newest sample of any track; nil before the first.
  package var latest: Entry? {
    state.withLock { $0.latest }
  }

  /// The newest reading of the machine; nil before the first.
  package var latestReading: Reading? {
    state.withLock { $0.latestReading }
  }

  /// Levels without rates, for a screen drawn before the first sample; nil before the first reading.
  package var preview: Entry? {
    state.withLock { $0.preview }
  }

  /// Number of samples in the main track.
  package var count: Int {
    state.withLock { $0.ring.count }
  }

  /// All samples of the main track, oldest first.
  package var all: [Entry] {
    state.withLock { $0.ring.elements }
  }

  /// Returns the samples of the last `seconds` up to the newest one, oldest first: the main track's, or those of all
  /// tracks that are no finer than `interval` seconds.
  ///
  /// Times are compared by the boot-time clock, so that a step of the wall clock neither hides nor invents samples. The
  /// range is open at its far end: `seconds` = n × interval gives n samples.
  package func last(seconds: Double, interval: Int? = nil) -> [Entry] {
    state.withLock { state in
      let ring = state.merged(interval ?? self.interval)
      guard let newest = ring.last?.sample.boottime else { return [] }
      // Tolerance for ticks that are a few microseconds early or late.
      let first = ring.dropLast().lastIndex { $0.sample.boottime <= newest - seconds + 0.05 }
      return first.map { Array(ring[($0 + 1)...]) } ?? ring
    }
  }

  /// Returns the samples of all tracks between two times, inclusive, the finest available for each interval.
  ///
  /// They are in the order of recording, which differs from that of their timestamps where the clock was set back.
  /// - Parameter interval: excludes tracks that are finer than this many seconds.
  package func entries(from start: Timestamp? = nil, to end: Timestamp? = nil, interval: Int = 1) -> [Entry] {
    let all = state.withLock { $0.merged(interval) }
    if start == nil, end == nil { return all }
    return all.filter { entry in
      start.map { entry.sample.timestamp >= $0 } ?? true && end.map { entry.sample.timestamp <= $0 } ?? true
    }
  }

  /// Returns the samples taken after an entry, as in ``entries(from:to:interval:)``; all of them for nil.
  package func entries(after entry: Entry?, interval: Int = 1) -> [Entry] {
    let all = state.withLock { $0.merged(interval) }
    guard let entry else { return all }
    return Array(all.drop { $0.sample.boottime <= entry.sample.boottime })
  }

  /// Returns the newest sample of any track at or before a time, if any.
  package func entry(at time: Timestamp) -> Entry? {
    state.withLock { state in
      let rings = state.live.map(\.ring) + [state.ring]
      let found = rings.compactMap { ring in
        (0..<ring.count).reversed().first { ring[$0].sample.timestamp <= time }.map { ring[$0] }
      }
      // Among equal timestamps the finest track's, which comes first.
      return found.max { $0.sample.timestamp < $1.sample.timestamp }
    }
  }

  func newest(ofTrack interval: Int) -> Entry? {
    state.withLock { $0.newest(ofTrack: interval) }
  }

  /// Sets whether a watch requests threads.
  func setThreads(_ isWanted: Bool, of process: Int32?, observer: Int) {
    state.withLock { $0.observers[observer]?.threads = (isWanted, process) }
  }

  /// Archive of older samples, if any.
  package var archive: (any SampleArchive)? {
    get { state.withLock { $0.archive } }
    set { state.withLock { $0.archive = newValue } }
  }

  // MARK: Observers

  /// Calls `observer` with every new sample of the main track, on the sampler's thread, until ``remove(_:)``; it must
  /// not block.
  package func observe(_ observer: @escaping @Sendable (Entry) -> Void) -> Int {
    state.withLock { state in
      let number = state.number()
      state.observers[number] = Observer(interval: interval, isWatch: false, onSample: observer)
      return number
    }
  }

  package func remove(_ observer: Int) {
    state.withLock { state in state.observers[observer] = nil }
  }

  /// Requests samples every `interval` seconds while the watch lives, and for a minute after its end.
  ///
  /// From ``interval`` on, these are the main track's. The number of tracks is limited: above it a watch gets the
  /// nearest finer track, or else the nearest coarser one.
  /// - Parameter onSample: called with every new sample of the track, on the sampler's thread; it must not block.
  package func watch(interval wanted: Int, _ onSample: @escaping @Sendable (Entry) -> Void = { _ in }) -> Watch {
    let (granted, number, wake) = state.withLock { state in
      let granted = track(for: max(1, wanted), &state)
      let number = state.number()
      state.observers[number] = Observer(interval: granted, isWatch: true, onSample: onSample)
      return (granted, number, state.wake)
    }
    wake?()
    return Watch(self, interval: granted, observer: number)
  }

  /// Returns the interval of the track that serves `wanted`, creating the track if needed.
  private func track(for wanted: Int, _ state: inout State) -> Int {
    if wanted >= interval { return interval }
    if state.live.contains(where: { $0.interval == wanted }) { return wanted }
    if state.live.count >= LiveTrack.limit {
      guard let unwatched = state.live.firstIndex(where: { !state.isWatched($0.interval) }) else {
        return state.live.last { $0.interval < wanted }?.interval
          ?? state.live.first { $0.interval > wanted }?.interval ?? interval
      }
      state.live.remove(at: unwatched)
    }
    let place = state.live.firstIndex { $0.interval > wanted } ?? state.live.count
    state.live.insert(LiveTrack(interval: wanted), at: place)
    return wanted
  }

  /// Returns the newest sample, waiting for the first one if needed.
  ///
  /// Two quick readings at start make the first one, so that the wait is a fraction of a second.
  package func first() async -> Entry {
    if let latest { return latest }
    let (stream, continuation) = AsyncStream.makeStream(of: Entry.self, bufferingPolicy: .bufferingNewest(1))
    let observer = observe { continuation.yield($0) }
    defer { remove(observer) }
    if let latest { return latest }
    for await entry in stream { return entry }
    // Cancelled: the stream ends only with its task.
    return latest ?? Entry(Sample(from: nil, to: Reading()))
  }

  /// The main track's newest sample; nil before the first that this process takes.
  package var newestOfMainTrack: Entry? {
    state.withLock { $0.newestMain }
  }

  /// Seconds since the newest sample of any track; nil without a sampler or before the first sample.
  package var sampleAge: Double? {
    state.withLock { state in
      guard let latest = state.latest else { return nil }
      let age = state.now() - latest.sample.boottime
      return age.isFinite ? max(0, age) : nil
    }
  }

  /// Returns a Reading at most `maxAge` seconds old, taken by the sampler if needed; nil without a sampler.
  ///
  /// Such a Reading is added to no track.
  package func freshReading(maxAge: Double) async -> Reading? {
    _ = await first()
    if let known = state.withLock({ $0.reading(maxAge: maxAge) }) { return known }
    if let answer = await ask(maxAge: maxAge, wantsTable: false) { return answer.reading }
    // The task was cancelled, or there is no sampler.
    return latestReading
  }

  /// Returns the newest scan of all processes, at most about a second old where the budget allows.
  ///
  /// Its rates are means since the previous scan, whatever caused that one.
  package func processes() async -> (reading: Reading, span: ProcessSpan?)? {
    _ = await first()
    return await ask(maxAge: .infinity, wantsTable: true)
  }

  /// Requests an answer from the sampler; nil without a sampler, or when the task is cancelled.
  private func ask(maxAge: Double, wantsTable: Bool) async -> FreshRequest.Answer? {
    let number = state.withLock { $0.number() }
    let (stream, continuation) = AsyncStream.makeStream(of: FreshRequest.Answer.self)
    let wake = state.withLock { state in
      if state.wake != nil {
        state.questions[number] = FreshRequest(maxAge: maxAge, wantsTable: wantsTable, continuation: continuation)
      }
      return state.wake
    }
    guard let wake else { return nil }
    wake()
    defer { state.withLock { $0.questions[number] = nil } }
    for await answer in stream { return answer }
    return nil
  }

  /// Seconds after which older samples drop their plain text.
  private static let plainTime = 150.0

  /// Records a request for older samples as plain text, and returns whether it follows another: then decoded text is
  /// worth its memory, until it has not been requested for some minutes.
  package func cachesDecoded() -> Bool {
    state.withLock { state in
      let now = state.latest?.sample.boottime ?? -.infinity
      let isAgain = now - state.plainAsked <= Self.plainTime
      state.plainAsked = now
      state.cachesDecoded = state.cachesDecoded || isAgain
      return isAgain
    }
  }

  // MARK: Sampler

  /// A request for a fresh reading.
  package struct FreshRequest: Sendable {
    /// Maximum age of the answer in seconds.
    package let maxAge: Double
    /// Whether it requests the process table.
    package let wantsTable: Bool
    fileprivate typealias Answer = (reading: Reading, span: ProcessSpan?)
    fileprivate let continuation: AsyncStream<Answer>.Continuation
  }

  /// Answers requests; `span` is the process table, if requested.
  package func answer(_ questions: [FreshRequest], _ reading: Reading, _ span: ProcessSpan?) {
    for question in questions { question.continuation.yield((reading, span)) }
  }

  /// The combined demand of all watches.
  package var watchers: (isWatched: Bool, wantsThreads: Bool, threadsOf: Set<Int32>) {
    state.withLock { state in
      let threads = state.observers.values.map(\.threads).filter(\.wanted)
      return (
        state.observers.values.contains { $0.isWatch }, !threads.isEmpty, Set(threads.compactMap(\.of))
      )
    }
  }

  /// Connects the sampler: a function that wakes it, and its boot-time clock, which shows whether a reading is fresh.
  package func setWake(_ wake: @escaping @Sendable () -> Void, now: @escaping @Sendable () -> Double) {
    state.withLock { ($0.wake, $0.now) = (wake, now) }
  }

  /// Returns the intervals requested besides the main track's, after removing tracks without a watch for a minute.
  ///
  /// - Parameter now: the monotonic clock.
  package func wantedIntervals(at now: Double) -> [Int] {
    state.withLock { state in
      for index in state.live.indices.reversed() {
        guard !state.isWatched(state.live[index].interval) else {
          state.live[index].idleSince = nil
          continue
        }
        let since = state.live[index].idleSince ?? now
        state.live[index].idleSince = since
        if now - since >= LiveTrack.linger { state.live.remove(at: index) }
      }
      return state.live.map(\.interval)
    }
  }

  /// Takes the pending requests for a fresh reading, which the caller answers.
  package func takeQuestions() -> [FreshRequest] {
    state.withLock { state in
      defer { state.questions = [:] }
      return Array(state.questions.values)
    }
  }

  /// Inserts samples from before this process's start, oldest first, before the existing ones.
  ///
  /// Observers do not receive them, and none becomes ``latest``, which is the current state of the machine.
  package func restore(_ samples: [Sample]) {
    let entries = samples.map { Entry($0) }
    for entry in entries { entry.release() }
    state.withLock { state in
      let first = state.ring.first?.sample.boottime ?? .infinity
      let known = state.ring.elements
      state.ring = Ring(capacity: capacity)
      for entry in entries where entry.sample.boottime < first { state.ring.append(entry) }
      for entry in known { state.ring.append(entry) }
    }
  }

  /// Sets the values shown before the first sample, without notifying observers.
  package func setPreview(_ sample: Sample) {
    let entry = Entry(sample)
    state.withLock { $0.preview = entry }
  }

  /// Stores the latest reading, whether it becomes a sample or not.
  package func setLatest(_ reading: Reading) {
    state.withLock { $0.latestReading = reading }
  }

  /// Creates an entry that belongs to no track.
  package func entry(of sample: Sample) -> Entry {
    Entry(sample)
  }

  /// Appends the newest sample to the main track and notifies the observers, on the caller's thread.
  package func append(_ sample: Sample) {
    append([(interval, sample)])
  }

  /// A sample for a track.
  package struct NewSample: Sendable {
    package let interval: Int
    package let sample: Sample
    /// Scans that its processes are derived from, if any.
    package let processes: ProcessSpan?

    package init(interval: Int, sample: Sample, processes: ProcessSpan? = nil) {
      self.interval = interval
      self.sample = sample
      self.processes = processes
    }
  }

  /// Appends samples without process tables.
  @discardableResult
  package func append(_ samples: [(interval: Int, sample: Sample)]) -> Entry? {
    append(samples.map { NewSample(interval: $0.interval, sample: $0.sample) })
  }

  /// Appends the samples of one reading to their tracks and notifies the observers on the caller's thread; returns the
  /// finest one's entry.
  @discardableResult
  package func append(_ samples: [NewSample]) -> Entry? {
    let entries = samples.map { (interval: $0.interval, entry: Entry($0.sample, processes: $0.processes)) }
    guard let finest = entries.min(by: { $0.interval < $1.interval })?.entry else { return nil }
    let (last, forgotten, observers) = state.withLock { state in
      let last = state.latest
      state.latest = finest
      for (interval, entry) in entries {
        // Only a track's newest table is kept; those of hundreds of samples would take megabytes.
        if interval == self.interval {
          state.ring.last?.releaseProcesses()
          state.ring.append(entry)
          state.newestMain = entry
        } else if let track = state.live.firstIndex(where: { $0.interval == interval }) {
          state.live[track].ring.last?.releaseProcesses()
          state.live[track].ring.append(entry)
        }
      }
      return (last, state.forgotten(), Array(state.observers.values))
    }
    last?.release()
    for entry in forgotten { entry.release() }
    for (interval, entry) in entries {
      for observer in observers where observer.interval == interval { observer.onSample(entry) }
    }
    return finest
  }
}
