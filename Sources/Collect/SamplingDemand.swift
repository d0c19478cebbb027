package import AgentMetrics
package import SampleStore
internal import Synchronization

/// Requests of the outputs to the sampler: watches, which need live tracks, and fresh readings.
package final class SamplingDemand: Sendable {
  /// Maximum number of live tracks; the samples of each take megabytes on a large machine.
  private static let maxTracks = 4
  /// Seconds that a track outlives its last watch, as during the reload of a page.
  private static let linger = 60.0

  private struct Track {
    /// Seconds between two samples.
    let interval: Int
    /// Time since when it has no watch, by the monotonic clock; nil while it has one.
    var idleSince: Double?
  }

  private struct WatchState {
    /// Interval of the track.
    let interval: Int
    /// Whether it shows threads of active processes, and the processes whose threads it always shows.
    var threads: (wanted: Bool, of: Set<Int32>) = (false, [])
  }

  private struct State {
    /// By the number of the watch's observer.
    var watches: [Int: WatchState] = [:]
    /// The finest track comes first.
    var tracks: [Track] = []
    var requests: [Int: FreshRequest] = [:]
    var nextRequest = 0
    var latestReading: Reading?
    /// Wakes the sampler; nil without one.
    var wake: (@Sendable () -> Void)?
    /// The sampler's boot-time clock, which counts suspended time.
    var now: @Sendable () -> Double = { .infinity }

    /// The newest Reading, unless it is older than `maxAge`.
    func reading(maxAge: Double) -> Reading? {
      latestReading.flatMap { now() - $0.boottime <= maxAge ? $0 : nil }
    }

    func isWatched(_ interval: Int) -> Bool {
      watches.values.contains { $0.interval == interval }
    }

    /// Returns the interval of the track that serves `wanted`, adding a track if needed.
    mutating func track(for wanted: Int) -> Int? {
      if tracks.contains(where: { $0.interval == wanted }) { return wanted }
      if tracks.count >= SamplingDemand.maxTracks {
        guard let unwatched = tracks.firstIndex(where: { !isWatched($0.interval) }) else {
          return tracks.last { $0.interval < wanted }?.interval ?? tracks.first { $0.interval > wanted }?.interval
        }
        tracks.remove(at: unwatched)
      }
      tracks.insert(Track(interval: wanted), at: tracks.firstIndex { $0.interval > wanted } ?? tracks.count)
      return wanted
    }
  }

  package let history: History
  private let state = Mutex(State())

  package init(_ history: History) {
    self.history = history
  }

  // MARK: Watches

  /// Requests samples every `interval` seconds while the watch lives, and for a minute after its end.
  ///
  /// From the history's interval on, these are the main track's. The number of tracks is limited: above it a watch gets
  /// the nearest finer track, or else the nearest coarser one.
  /// - Parameter onSample: called with every new sample of the track, on the sampler's thread; it must not block.
  package func watch(interval wanted: Int, _ onSample: @escaping @Sendable (History.Entry) -> Void = { _ in })
    -> Watch
  {
    let (granted, observer, wake) = state.withLock { state in
      var granted = history.interval
      if wanted < granted {
        granted = state.track(for: max(1, wanted)) ?? granted
        history.setLiveTracks(state.tracks.map(\.interval))
      }
      let observer = history.observe(track: granted, onSample)
      state.watches[observer] = WatchState(interval: granted)
      return (granted, observer, state.wake)
    }
    wake?()
    return Watch(self, interval: granted, observer: observer)
  }

  /// Ends a watch.
  func end(_ observer: Int) {
    history.remove(observer)
    state.withLock { $0.watches[observer] = nil }
  }

  /// Sets whether a watch requests threads.
  func setThreads(_ isWanted: Bool, of processes: Set<Int32>, observer: Int) {
    state.withLock { $0.watches[observer]?.threads = (isWanted, processes) }
  }

  // MARK: Fresh readings

  /// The newest reading of the machine; nil before the first.
  package var latestReading: Reading? {
    state.withLock { $0.latestReading }
  }

  /// Seconds since the newest sample of any track; nil without a sampler or before the first sample.
  package var sampleAge: Double? {
    guard let latest = history.latest else { return nil }
    let age = state.withLock { $0.now() } - latest.sample.boottime
    return age.isFinite ? max(0, age) : nil
  }

  /// Returns a Reading at most `maxAge` seconds old, taken by the sampler if needed; nil without a sampler.
  ///
  /// Such a Reading is added to no track.
  package func freshReading(maxAge: Double) async -> Reading? {
    _ = await history.first()
    if let known = state.withLock({ $0.reading(maxAge: maxAge) }) { return known }
    if let answer = await request(maxAge: maxAge, wantsTable: false) { return answer.reading }
    // The task was cancelled, or there is no sampler.
    return latestReading
  }

  /// Returns the newest scan of all processes, at most about a second old where the budget allows.
  ///
  /// Its rates are means since the previous scan, whatever caused that one.
  package func processes() async -> (reading: Reading, span: ProcessSpan?)? {
    _ = await history.first()
    return await request(maxAge: .infinity, wantsTable: true)
  }

  /// Requests an answer from the sampler; nil without a sampler, or when the task is cancelled.
  private func request(maxAge: Double, wantsTable: Bool) async -> FreshRequest.Answer? {
    let (stream, continuation) = AsyncStream.makeStream(of: FreshRequest.Answer.self)
    let (number, wake) = state.withLock { state in
      state.nextRequest += 1
      if state.wake != nil {
        state.requests[state.nextRequest] = FreshRequest(
          maxAge: maxAge, wantsTable: wantsTable, continuation: continuation)
      }
      return (state.nextRequest, state.wake)
    }
    guard let wake else { return nil }
    wake()
    defer { state.withLock { $0.requests[number] = nil } }
    for await answer in stream { return answer }
    return nil
  }

  // MARK: Sampler

  /// A request for a fresh reading.
  struct FreshRequest: Sendable {
    /// Maximum age of the answer in seconds.
    let maxAge: Double
    /// Whether it requests the process table.
    let wantsTable: Bool
    fileprivate typealias Answer = (reading: Reading, span: ProcessSpan?)
    fileprivate let continuation: AsyncStream<Answer>.Continuation
  }

  /// Answers requests; `span` is the process table, if requested.
  func answer(_ requests: [FreshRequest], _ reading: Reading, _ span: ProcessSpan?) {
    for request in requests { request.continuation.yield((reading, span)) }
  }

  /// Returns the combined demand of all watches on the next reading.
  func current(wantsTable: Bool = false) -> Demand {
    state.withLock { state in
      let threads = state.watches.values.map(\.threads).filter(\.wanted)
      return Demand(
        isWatched: !state.watches.isEmpty, wantsTable: wantsTable, wantsThreads: !threads.isEmpty,
        threadsOf: threads.reduce(into: []) { $0.formUnion($1.of) })
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
      let before = state.tracks.count
      for index in state.tracks.indices.reversed() {
        guard !state.isWatched(state.tracks[index].interval) else {
          state.tracks[index].idleSince = nil
          continue
        }
        let since = state.tracks[index].idleSince ?? now
        state.tracks[index].idleSince = since
        if now - since >= Self.linger { state.tracks.remove(at: index) }
      }
      let intervals = state.tracks.map(\.interval)
      if intervals.count < before { history.setLiveTracks(intervals) }
      return intervals
    }
  }

  /// Takes the pending requests for a fresh reading, which the caller answers.
  func takeRequests() -> [FreshRequest] {
    state.withLock { state in
      defer { state.requests = [:] }
      return Array(state.requests.values)
    }
  }

  /// Stores the latest reading, whether it becomes a sample or not.
  package func setLatest(_ reading: Reading) {
    state.withLock { $0.latestReading = reading }
  }
}
