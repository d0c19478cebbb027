internal import AgentMetrics
internal import Query
internal import SampleStore
internal import SystemIO

/// Samples that one receiver has not received yet: a cursor in the history, which itself is the queue.
///
/// With an archive the history spans restarts and outages of weeks, otherwise it goes back as far as memory does.
struct Outbox {
  /// The newest sample that the receiver accepted or will never accept.
  struct Cursor: Equatable {
    /// POSIX time.
    var timestamp: Double
    /// Boot-time clock, which orders samples in memory even where the wall clock was set back; NaN for a sample that is
    /// not in memory.
    var boottime = Double.nan

    func isBefore(_ sample: Sample) -> Bool {
      // Receivers have a resolution of milliseconds.
      boottime.isNaN ? sample.timestamp.seconds > timestamp + 0.000_5 : sample.boottime > boottime
    }

    /// Milliseconds since 1970, as in the cursor file.
    var milliseconds: Int64 { Timestamp(seconds: timestamp).milliseconds }
  }

  /// Consecutive samples after the cursor.
  struct Batch {
    /// Oldest first.
    var samples: [Sample] = []
    /// Whether they came from memory.
    var isFromMemory = true
    /// Waiting samples, these included.
    var pending = 0
    /// POSIX time of the newest sample in the history.
    var newest = Double.nan
    /// Whether samples that memory has lost are about to be written by the archive.
    var isAwaited = false
    /// Samples before these that are lost.
    var gap: PushStatus.Gap?
    /// Start of the archive where it is after the cursor, which moves there.
    fileprivate var skip: Double?

    /// The whole batch as a gap at the receiver.
    fileprivate func gap(_ reason: PushStatus.Gap.Reason, samples count: Int) -> PushStatus.Gap {
      PushStatus.Gap(
        from: samples[0].timestamp.seconds, to: samples[samples.count - 1].timestamp.seconds, samples: count,
        reason: reason)
    }
  }

  /// Seconds of an empty archive that are searched in one read.
  private static let maxRange = 86_400.0

  let status: SharedStatus
  private let history: History
  /// Counts the samples of the sampler.
  private let arrivals: SampleCounter
  /// The receiver's name in the cursor file.
  private let id: String
  private let cursorFile: CursorFile?
  private var cursor: Cursor
  /// Arrived samples that are before the cursor.
  private var done: Int
  /// Up to here the archive has no samples that the receiver lacks.
  private var searched: Double
  /// Consecutive failures to read the archive.
  private var failures = 0
  /// Consecutive reads that lacked samples which the archive may be about to write.
  private var unfound = 0
  /// POSIX time from which samples are counted: those that waited in memory at the start, and later ones.
  private let counted: Double

  /// Whether a new process continues at the cursor.
  var isPersistent: Bool { cursorFile != nil }
  /// Whether samples that are not sent are kept, since the archive works.
  var keepsSamples: Bool { isPersistent && history.archive.map { $0.status.failure == nil } ?? false }
  /// Whether the receiver was unknown before this process: its cursor is in memory.
  var isNew: Bool { !cursor.boottime.isNaN }
  var timestamp: Timestamp { Timestamp(seconds: cursor.timestamp) }

  /// - Parameter start: the cursor of a receiver that the file does not know.
  init(
    history: History, arrivals: SampleCounter, start: Cursor, id: String, cursorFile: CursorFile?, status: SharedStatus
  ) {
    self.history = history
    self.arrivals = arrivals
    self.id = id
    self.cursorFile = cursorFile
    self.status = status
    let known = cursorFile?[id]
    // A receiver that accepts no request before the agent restarts would count as new again and miss the samples since.
    if known == nil { cursorFile?.set(id, start.milliseconds) }
    let cursor = known.map { Cursor(timestamp: Double($0) / 1_000) } ?? start
    self.cursor = cursor
    searched = cursor.timestamp
    let entries = history.all
    let waiting = entries.filter { cursor.isBefore($0.sample) }
    // Samples from before the start that are newer than the cursor wait too.
    done = arrivals.count - waiting.count
    counted =
      waiting.first?.sample.timestamp.seconds ?? entries.last.map { $0.sample.timestamp.seconds + 0.000_5 }
      ?? cursor.timestamp
  }

  /// Returns the next samples, `limit` at most, and records a gap before them.
  ///
  /// - Throws: when the archive cannot be read now.
  mutating func next(limit: Int) async throws -> Batch {
    var found = try await read(limit: limit)
    // Memory may have lost its first samples meanwhile.
    while found == nil { found = try await read(limit: limit) }
    let batch = found ?? Batch()
    guard !batch.isAwaited else { return batch }
    if let gap = batch.gap {
      status.update { $0.add(gap) }
      if let skip = batch.skip {
        cursor = Cursor(timestamp: skip)
        searched = max(searched, skip)
      }
      storeCursor()
    }
    status.update { [cursor] status in
      status.pending = Double(batch.pending)
      if batch.newest.isFinite {
        status.lag = batch.pending == 0 ? 0 : max(0, batch.newest - cursor.timestamp)
      }
    }
    return batch
  }

  /// Moves the cursor behind a batch.
  mutating func confirm(_ batch: Batch) {
    for sample in batch.samples {
      cursor = Cursor(timestamp: sample.timestamp.seconds, boottime: batch.isFromMemory ? sample.boottime : .nan)
      if batch.isFromMemory || sample.timestamp.seconds >= counted { done += 1 }
      searched = max(searched, sample.timestamp.seconds)
    }
    storeCursor()
  }

  /// Moves the cursor behind a batch that the receiver will never accept.
  mutating func drop(_ batch: Batch, _ reason: PushStatus.Gap.Reason) {
    status.update { $0.add(batch.gap(reason, samples: batch.samples.count)) }
    confirm(batch)
  }

  /// Records that the receiver rejected some values of an accepted batch.
  func noteRejection(in batch: Batch, _ reason: PushStatus.Gap.Reason) {
    status.update { $0.add(batch.gap(reason, samples: 0)) }
  }

  /// Writes the cursor to the file, and waits for the disk where it is the last time.
  func storeCursor(isLast: Bool = false) {
    guard cursor.timestamp.isFinite else { return }
    status.update { $0.cursor = cursor.timestamp }
    cursorFile?.set(id, cursor.milliseconds, isUrgent: isLast)
  }

  /// Returns the sample at the cursor; nil where it is not stored.
  func current() async -> Sample? {
    let time = cursor.timestamp
    guard time.isFinite, let entry = await history.archivedEntry(at: Timestamp(seconds: time + 0.000_5)),
      abs(entry.sample.timestamp.seconds - time) < 0.001
    else { return nil }
    return entry.sample
  }

  private mutating func read(limit: Int) async throws -> Batch? {
    let arrived = arrivals.count
    let entries = history.all
    guard let first = entries.first?.sample, let last = entries.last?.sample else { return Batch() }
    let start = entries.firstIndex { cursor.isBefore($0.sample) } ?? entries.endIndex
    var batch = Batch()
    batch.newest = last.timestamp.seconds
    batch.pending = entries.count - start
    if start > 0 { failures = 0 }
    if start == 0, let archive = history.archive, failures < Self.maxFailures {
      let end = first.timestamp.seconds - 0.001
      switch try await archived(archive, until: end, limit: limit) {
      case .beginsAt(let oldest):
        batch.gap = gap(until: oldest, samples: estimate(cursor.timestamp, oldest))
        batch.skip = oldest
        return batch
      case .samples(let samples):
        batch.samples = samples
        batch.isFromMemory = false
        batch.pending += estimate(samples[0].timestamp.seconds, first.timestamp.seconds)
        return batch
      case .nothing: break
      }
      // Memory may have dropped more while the archive was read.
      guard history.all.first === entries.first else { return nil }
    }
    // The count may lag behind the ring buffer, but not lead it.
    let missing = arrived - done - batch.pending
    if missing > 0, start == 0, history.archive != nil, unfound < Self.maxUnfound {
      unfound += 1
      searched = cursor.timestamp
      batch.isAwaited = true
      return batch
    }
    unfound = 0
    if missing > 0 {
      let next = start < entries.endIndex ? entries[start].sample.timestamp.seconds : batch.newest
      batch.gap = gap(until: next, samples: missing)
      done += missing
    }
    batch.samples = entries[start...].prefix(limit).map(\.sample)
    return batch
  }

  /// Reads that wait for samples that memory has lost and the archive has not written yet.
  private static let maxUnfound = 64
  /// Failures after which only memory is sent: a gap is better than a receiver without samples.
  private static let maxFailures = 8

  /// Archived samples after the cursor.
  private enum Archived {
    case samples([Sample])
    /// It begins after the cursor.
    case beginsAt(Double)
    case nothing
  }

  private mutating func archived(_ archive: any SampleArchive, until end: Double, limit: Int) async throws -> Archived {
    guard searched + 0.001 < end else { return .nothing }
    // A new receiver cannot lack samples.
    if cursor.boottime != -.infinity, let oldest = archive.oldest, oldest < end,
      oldest > searched + Double(history.interval) * 1.5
    {
      return .beginsAt(oldest - 0.001)
    }
    var length = Double(limit * history.interval)
    // The archive counts stored rather than returned samples.
    let limit = limit * 2 + 256
    while searched + 0.001 < end {
      let from = searched + 0.001
      let to = min(end, from + length)
      do {
        var samples = try await archive.samples(from: from, to: to, step: nil, limit: limit)
        let first = samples.first?.timestamp.seconds ?? to
        if first - from > max(60, Double(history.interval)) * 2, try await archive.sample(at: from) == nil {
          // The samples have been replaced by means. Without means the agent did not run after the last existing
          // sample.
          let means = try await archive.samples(from: from, to: first - 0.001, step: 60, limit: limit)
          if !means.isEmpty { samples = means }
        }
        failures = 0
        samples = Array(samples.drop { $0.timestamp.seconds <= cursor.timestamp + 0.000_5 }.prefix(limit))
        if !samples.isEmpty { return .samples(samples) }
        searched = to
        length = min(length * 4, Self.maxRange)
      } catch is Columns.TooLarge where length > 1 {
        length /= 4
      } catch {
        failures += 1
        throw error
      }
    }
    return .nothing
  }

  private func gap(until time: Double, samples: Int) -> PushStatus.Gap {
    PushStatus.Gap(from: cursor.timestamp, to: time, samples: samples, reason: .lost)
  }

  private func estimate(_ from: Double, _ to: Double) -> Int {
    max(1, Int(min((to - from) / Double(history.interval), 1e9)))
  }
}
