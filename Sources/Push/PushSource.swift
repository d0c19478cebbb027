internal import AgentMetrics
internal import History

/// Where one receiver's cursor stands in the history, and what comes after it.
struct PushSource {
  /// The newest sample that the receiver is done with.
  struct Cursor: Equatable {
    /// POSIX time.
    var timestamp: Double
    /// The same by the boot-time clock, by which samples in memory are in order even where the wall clock was set back;
    /// NaN for one that is not in memory.
    var boottime = Double.nan

    func isBefore(_ sample: Sample) -> Bool {
      // Milliseconds are what receivers tell moments apart by.
      boottime.isNaN ? sample.timestamp.seconds > timestamp + 0.000_5 : sample.boottime > boottime
    }
  }

  /// Some samples after the cursor.
  struct Batch {
    /// Oldest first.
    var samples: [Sample] = []
    /// Whether they came from memory.
    var isFromMemory = true
    /// Samples of the machine that wait, these among them.
    var pending = 0
    /// POSIX time of the newest sample that there is.
    var newest = Double.nan
    /// Whether the archive is about to write what memory has lost already.
    var isAwaited = false
    /// What is in no place any more.
    var gap: PushStatus.Gap?
    /// Where the archive begins, if that is after the cursor: the cursor is to be moved there.
    var skip: Double?
  }

  /// Seconds of the archive that are looked at in one go where it is empty.
  private static let maxRange = 86_400.0

  let history: History
  /// Counts what the sampler adds.
  let arrivals: SampleCounter
  private(set) var cursor: Cursor
  /// Of the samples that have arrived, those that the receiver is done with.
  private var done: Int
  /// Up to here there is nothing in the archive that the receiver has not.
  private var searched: Double
  /// Tries to read the archive that failed in a row.
  private var failures = 0
  /// Looks in a row that found samples missing which the archive may be about to write.
  private var unfound = 0
  /// POSIX time from which on samples are counted: those that were waiting in memory when it began, and later ones.
  private let counted: Double

  /// Whether the receiver was unknown before this process: its cursor is in memory.
  var isNew: Bool { !cursor.boottime.isNaN }

  init(history: History, arrivals: SampleCounter, cursor: Cursor) {
    self.history = history
    self.arrivals = arrivals
    self.cursor = cursor
    searched = cursor.timestamp
    let signal = history.all
    let waiting = signal.filter { cursor.isBefore($0.sample) }
    // What was there when it began, and is newer than the cursor, waits too.
    done = arrivals.count - waiting.count
    counted =
      waiting.first?.sample.timestamp.seconds ?? signal.last.map { $0.sample.timestamp.seconds + 0.000_5 }
      ?? cursor.timestamp
  }

  /// The next samples, `limit` at most.
  ///
  /// - Throws: where the archive cannot be read now.
  mutating func next(limit: Int) async throws -> Batch {
    var sampleBatch = try await look(limit: limit)
    // Meanwhile memory may have lost what began it.
    while sampleBatch == nil { sampleBatch = try await look(limit: limit) }
    return sampleBatch ?? Batch()
  }

  private mutating func look(limit: Int) async throws -> Batch? {
    let arrived = arrivals.count
    let signal = history.all
    guard let first = signal.first?.sample, let last = signal.last?.sample else { return Batch() }
    let start = signal.firstIndex { cursor.isBefore($0.sample) } ?? signal.endIndex
    var sampleBatch = Batch()
    sampleBatch.newest = last.timestamp.seconds
    sampleBatch.pending = signal.count - start
    if start > 0 { failures = 0 }
    if start == 0, let archive = history.archive, failures < Self.maxFailures {
      let end = first.timestamp.seconds - 0.001
      switch try await archived(archive, until: end, limit: limit) {
      case .beginsAt(let oldest):
        sampleBatch.gap = gap(until: oldest, samples: estimate(cursor.timestamp, oldest))
        sampleBatch.skip = oldest
        return sampleBatch
      case .samples(let samples):
        sampleBatch.samples = samples
        sampleBatch.isFromMemory = false
        sampleBatch.pending += estimate(samples[0].timestamp.seconds, first.timestamp.seconds)
        return sampleBatch
      case .nothing: break
      }
      // Memory may have lost more while the archive was read.
      guard history.all.first === signal.first else { return nil }
    }
    // The count may lag behind the ring, never the other way.
    let missing = arrived - done - sampleBatch.pending
    if missing > 0, start == 0, history.archive != nil, unfound < Self.maxUnfound {
      unfound += 1
      searched = cursor.timestamp
      sampleBatch.isAwaited = true
      return sampleBatch
    }
    unfound = 0
    if missing > 0 {
      let next = start < signal.endIndex ? signal[start].sample.timestamp.seconds : sampleBatch.newest
      sampleBatch.gap = gap(until: next, samples: missing)
      done += missing
    }
    sampleBatch.samples = signal[start...].prefix(limit).map(\.sample)
    return sampleBatch
  }

  /// Moves the cursor behind a sample.
  mutating func move(behind sample: Sample, isFromMemory: Bool) {
    cursor = Cursor(timestamp: sample.timestamp.seconds, boottime: isFromMemory ? sample.boottime : .nan)
    if isFromMemory || sample.timestamp.seconds >= counted { done += 1 }
    searched = max(searched, sample.timestamp.seconds)
  }

  /// Moves the cursor over a gap in the archive.
  mutating func move(to time: Double) {
    cursor = Cursor(timestamp: time)
    searched = max(searched, time)
  }

  /// Looks that samples are waited for which memory has lost and the archive has not written yet.
  private static let maxUnfound = 64
  /// Tries after which memory alone is sent: a receiver that gets nothing is worse than a gap.
  private static let maxFailures = 8

  /// What the archive has after the cursor.
  private enum Archived {
    case samples([Sample])
    /// It does not reach back to the cursor.
    case beginsAt(Double)
    case nothing
  }

  private mutating func archived(_ archive: any SampleArchive, until end: Double, limit: Int) async throws -> Archived {
    guard searched + 0.001 < end else { return .nothing }
    // Of a receiver that is new, nothing can be missing.
    if cursor.boottime != -.infinity, let oldest = archive.oldest, oldest < end,
      oldest > searched + Double(history.interval) * 1.5
    {
      return .beginsAt(oldest - 0.001)
    }
    var length = Double(limit * history.interval)
    // The archive counts what it stores together, not what it gives.
    let limit = limit * 2 + 256
    while searched + 0.001 < end {
      let from = searched + 0.001
      let to = min(end, from + length)
      do {
        var samples = try await archive.samples(from: from, to: to, step: nil, limit: limit)
        let first = samples.first?.timestamp.seconds ?? to
        if first - from > max(60, Double(history.interval)) * 2, try await archive.sample(at: from) == nil {
          // What was taken is there no more, but its means. Behind a sample that is there, the agent did not run.
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
