package import AgentMetrics
package import Query
internal import Synchronization

/// Ring buffer of recent samples: one writer (the sampler), many readers.
///
/// The main track holds a sample every ``interval`` seconds, up to ``capacity``. Live tracks hold the samples taken for
/// watching clients (``setLiveTracks(_:)``).
package final class History: Sendable {
  private struct Observer {
    /// Interval of the observed track.
    let interval: Int
    let onSample: @Sendable (Entry) -> Void
  }

  private struct State {
    var ring: Ring<Entry>
    /// The finest track comes first.
    var live: [LiveTrack] = []
    var latest: Entry?
    var preview: Entry?
    var observers: [Int: Observer] = [:]
    var nextNumber = 0
    /// The newest sample of the main track taken by this process.
    var newestMain: Entry?
    var archive: (any SampleArchive)?

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
        let seam = Self.seam(result, track.ring)
        let before = result.prefix { $0.sample.boottime < first || $0 === seam }
        let from = seam?.sample.boottime ?? -.infinity
        let fine = track.ring.elements.drop { $0.sample.boottime <= from }
        result = Array(before) + fine + after
      }
      return result
    }

    /// The coarser sample that covers the time in front of a track which has lost its oldest samples; nil without
    /// such a gap, and where the sample is not in the older half of the track.
    private static func seam(_ coarser: [Entry], _ track: Ring<Entry>) -> Entry? {
      guard track.count == track.capacity, let first = track.first?.sample, let last = track.last?.sample.boottime,
        first.elapsed.isFinite,
        let place = coarser.firstIndex(where: { $0.sample.boottime >= first.boottime }), place > 0,
        coarser[place - 1].sample.boottime + 0.5 < first.boottime - first.elapsed,
        coarser[place].sample.boottime < (first.boottime + last) / 2
      else { return nil }
      return coarser[place]
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

  /// The newest sample of a live track, or else of the main track.
  package func newest(ofTrack interval: Int) -> Entry? {
    state.withLock { $0.newest(ofTrack: interval) }
  }

  /// Archive of older samples, if any.
  package var archive: (any SampleArchive)? {
    get { state.withLock { $0.archive } }
    set { state.withLock { $0.archive = newValue } }
  }

  // MARK: Observers

  /// Calls `onSample` with every new sample of a track, by default the main track, on the sampler's thread, until
  /// ``remove(_:)``; it must not block.
  package func observe(track interval: Int? = nil, _ onSample: @escaping @Sendable (Entry) -> Void) -> Int {
    state.withLock { state in
      state.nextNumber += 1
      state.observers[state.nextNumber] = Observer(interval: interval ?? self.interval, onSample: onSample)
      return state.nextNumber
    }
  }

  package func remove(_ observer: Int) {
    state.withLock { state in state.observers[observer] = nil }
  }

  /// Sets the intervals of the live tracks, which are finer than ``interval``; existing tracks keep their samples.
  package func setLiveTracks(_ intervals: [Int]) {
    state.withLock { state in
      let live = state.live
      state.live = intervals.sorted().map { interval in
        live.first { $0.interval == interval } ?? LiveTrack(interval: interval)
      }
    }
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

  // MARK: Sampler

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

  /// Adds samples that another process took for the main track, oldest first, as far as they are newer than its last.
  ///
  /// Observers do not receive them, and none becomes ``latest``, which a live track may have before.
  package func extend(_ samples: [Sample]) {
    let entries = samples.map { Entry($0) }
    for entry in entries { entry.release() }
    state.withLock { state in
      for entry in entries where entry.sample.boottime > state.ring.last?.sample.boottime ?? -.infinity {
        state.ring.append(entry)
      }
    }
  }

  /// Sets the values shown before the first sample, without notifying observers.
  package func setPreview(_ sample: Sample) {
    let entry = Entry(sample)
    state.withLock { $0.preview = entry }
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
    let (last, observers) = state.withLock { state in
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
      return (last, Array(state.observers.values))
    }
    last?.release()
    for (interval, entry) in entries {
      for observer in observers where observer.interval == interval { observer.onSample(entry) }
    }
    return finest
  }
}

/// Samples taken for watching clients.
struct LiveTrack {
  /// Maximum number of samples.
  static let capacity = 300

  /// Seconds between two samples.
  let interval: Int
  var ring = Ring<History.Entry>(capacity: capacity)
}
