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
  private static let longestStretch = 86_400.0

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
    let ring = history.all
    let waiting = ring.filter { cursor.isBefore($0.sample) }
    // What was there when it began, and is newer than the cursor, waits too.
    done = arrivals.count - waiting.count
    counted =
      waiting.first?.sample.timestamp.seconds ?? ring.last.map { $0.sample.timestamp.seconds + 0.000_5 }
      ?? cursor.timestamp
  }

  /// The next samples, `most` at most.
  ///
  /// - Throws: where the archive cannot be read now.
  mutating func next(most: Int) async throws -> Batch {
    var portion = try await look(most: most)
    // Meanwhile memory may have lost what began it.
    while portion == nil { portion = try await look(most: most) }
    return portion ?? Batch()
  }

  private mutating func look(most: Int) async throws -> Batch? {
    let arrived = arrivals.count
    let ring = history.all
    guard let first = ring.first?.sample, let last = ring.last?.sample else { return Batch() }
    let start = ring.firstIndex { cursor.isBefore($0.sample) } ?? ring.endIndex
    var portion = Batch()
    portion.newest = last.timestamp.seconds
    portion.pending = ring.count - start
    if start > 0 { failures = 0 }
    if start == 0, let archive = history.archive, failures < Self.mostFailures {
      let end = first.timestamp.seconds - 0.001
      switch try await archived(archive, until: end, most: most) {
      case .beginsAt(let oldest):
        portion.gap = gap(until: oldest, samples: estimate(cursor.timestamp, oldest))
        portion.skip = oldest
        return portion
      case .samples(let samples):
        portion.samples = samples
        portion.isFromMemory = false
        portion.pending += estimate(samples[0].timestamp.seconds, first.timestamp.seconds)
        return portion
      case .nothing: break
      }
      // Memory may have lost more while the archive was read.
      guard history.all.first === ring.first else { return nil }
    }
    // The count may lag behind the ring, never the other way.
    let missing = arrived - done - portion.pending
    if missing > 0, start == 0, history.archive != nil, unfound < Self.mostUnfound {
      unfound += 1
      searched = cursor.timestamp
      portion.isAwaited = true
      return portion
    }
    unfound = 0
    if missing > 0 {
      let next = start < ring.endIndex ? ring[start].sample.timestamp.seconds : portion.newest
      portion.gap = gap(until: next, samples: missing)
      done += missing
    }
    portion.samples = ring[start...].prefix(most).map(\.sample)
    return portion
  }

  /// Moves the cursor behind a sample.
  mutating func move(behind sample: Sample, isFromMemory: Bool) {
    cursor = Cursor(timestamp: sample.timestamp.seconds, boottime: isFromMemory ? sample.boottime : .nan)
    if isFromMemory || sample.timestamp.seconds >= counted { done += 1 }
    searched = max(searched, sample.timestamp.seconds)
  }

  /// Moves the cursor over a gap in the archive.
  mutating func move(to moment: Double) {
    cursor = Cursor(timestamp: moment)
    searched = max(searched, moment)
  }

  /// Looks that samples are waited for which memory has lost and the archive has not written yet.
  private static let mostUnfound = 64
  /// Tries after which memory alone is sent: a receiver that gets nothing is worse than a gap.
  private static let mostFailures = 8

  /// What the archive has after the cursor.
  private enum Archived {
    case samples([Sample])
    /// It does not reach back to the cursor.
    case beginsAt(Double)
    case nothing
  }

  private mutating func archived(_ archive: any SampleArchive, until end: Double, most: Int) async throws -> Archived {
    guard searched + 0.001 < end else { return .nothing }
    // Of a receiver that is new, nothing can be missing.
    if cursor.boottime != -.infinity, let oldest = archive.oldest, oldest < end,
      oldest > searched + Double(history.interval) * 1.5
    {
      return .beginsAt(oldest - 0.001)
    }
    var length = Double(most * history.interval)
    // The archive counts what it stores together, not what it gives.
    let limit = most * 2 + 256
    while searched + 0.001 < end {
      let from = searched + 0.001
      let to = min(end, from + length)
      do {
        var samples = try await archive.samples(from: from, to: to, step: nil, most: limit)
        let first = samples.first?.timestamp.seconds ?? to
        if first - from > max(60, Double(history.interval)) * 2, try await archive.sample(at: from) == nil {
          // What was taken is there no more, but its means. Behind a sample that is there, the agent did not run.
          let means = try await archive.samples(from: from, to: first - 0.001, step: 60, most: limit)
          if !means.isEmpty { samples = means }
        }
        failures = 0
        samples = Array(samples.drop { $0.timestamp.seconds <= cursor.timestamp + 0.000_5 }.prefix(most))
        if !samples.isEmpty { return .samples(samples) }
        searched = to
        length = min(length * 4, Self.longestStretch)
      } catch is Columns.TooLarge where length > 1 {
        length /= 4
      } catch {
        failures += 1
        throw error
      }
    }
    return .nothing
  }

  private func gap(until moment: Double, samples: Int) -> PushStatus.Gap {
    PushStatus.Gap(from: cursor.timestamp, to: moment, samples: samples, reason: .lost)
  }

  private func estimate(_ from: Double, _ to: Double) -> Int {
    max(1, Int(min((to - from) / Double(history.interval), 1e9)))
  }
}
