package import AgentMetrics
package import Query
internal import SystemIO

/// An archive's file that is read from beginning to end, or added to, by a command; a running agent needs none of it.
package final class ArchiveAccess {
  /// What to do with the file.
  package enum Purpose: Sendable {
    /// Only read it; an agent may be writing to it.
    case reading
    /// Add to it; no agent may be writing to it.
    case adding
  }

  private let path: String
  private let database: Database
  private let reader: ArchiveReader
  private let file: ArchiveFile?
  private let lock: ArchiveLock?
  /// Time range of the file before anything was added.
  private var held: ClosedRange<Int64>?
  private var newest = Int64.min

  /// Opens a file; for adding, creates it if it does not exist.
  package init(_ path: String, for purpose: Purpose) throws(ArchiveFailure) {
    self.path = path
    if purpose == .adding {
      do throws(SystemError) {
        lock = try ArchiveLock(besides: path, atMost: ArchiveLock.patience)
      } catch {
        throw ArchiveFailure(
          path, error.code == ErrorCode.wouldBlock ? "an agent is writing to it; stop it first" : error.description,
          .wait)
      }
    } else {
      lock = nil
    }
    do throws(SQLiteError) {
      database = try Database(path: path, mode: purpose == .reading ? .readOnly : .readWrite, busyTimeout: 5_000)
      reader = ArchiveReader(database)
      let finding = try ArchiveSchema.look(at: database)
      switch (finding, purpose) {
      case (.ours, .reading): file = nil
      case (.ours, .adding), (.empty, .adding):
        try ArchiveSchema.configure(database)
        if case .empty = finding { try ArchiveSchema.create(in: database) }
        let interval = try database.integer("SELECT value FROM meta WHERE name = 'raw_interval'") ?? 30
        // The agent that comes next lets old ones go.
        file = try ArchiveFile(database, interval: Int(clamping: interval), retention: Retention(), sizeLimit: nil)
      default: throw SQLiteError(code: 26, message: "it is not an archive of this version")
      }
      held = try reader.extent(of: .raw)
    } catch {
      throw ArchiveFailure(path, error)
    }
  }

  /// Timestamps of the oldest and newest sample; nil for an empty archive.
  package var extent: (oldest: Timestamp, newest: Timestamp)? {
    held.map { (Timestamp(seconds: Double($0.lowerBound) / 1_000), Timestamp(seconds: Double($0.upperBound) / 1_000)) }
  }

  /// Passes every sample in a time range, both ends included, oldest first, without holding them all.
  package func samples(from start: Double, to end: Double, _ body: (Sample) -> Void) throws(ArchiveFailure) {
    try windows(from: start, to: end, step: nil, tiers: [.raw]) { first, last throws(SQLiteError) in
      let samples = try reader.samples(from: first, to: last)
      samples.forEach(body)
      return !samples.isEmpty
    }
  }

  /// The time of the newest sample at or before a time, if any.
  package func newest(at time: Double) throws(ArchiveFailure) -> Timestamp? {
    do throws(SQLiteError) {
      let found = try reader.newest(before: Int64((min(max(time, -1e12), 1e12) * 1_000).rounded()))
      return found.map { Timestamp(seconds: Double($0) / 1_000) }
    } catch {
      throw ArchiveFailure(path, error)
    }
  }

  /// The newest events of a query; nil where the file has none recorded.
  package func events(_ query: EventQuery) throws(ArchiveFailure) -> EventHistory? {
    do throws(SQLiteError) {
      return try EventTable.events(query, in: database)
    } catch {
      throw ArchiveFailure(path, error)
    }
  }

  /// The number of a query's events, its limit aside.
  ///
  /// - Precondition: the file records events.
  package func eventCount(_ query: EventQuery) throws(ArchiveFailure) -> Int {
    do throws(SQLiteError) {
      return try EventTable.count(query, in: database)
    } catch {
      throw ArchiveFailure(path, error)
    }
  }

  /// Passes the columns of a time range in batches; each batch has all selected series.
  ///
  /// - Parameter step: seconds of a step; nil for a row per sample.
  package func columns(
    _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, _ body: (Columns) -> Void
  ) throws(ArchiveFailure) {
    try windows(from: start, to: end, step: step, tiers: Tier.all) { first, last throws(SQLiteError) in
      guard let found = try reader.columns(selectors, from: first, to: last, step: step, limit: .max) else {
        return false
      }
      body(Columns(found, extremes: false, keepsEmpty: true))
      return !found.times.isEmpty
    }
  }

  /// Metrics that have data, in the catalog's order.
  package func metrics() throws(ArchiveFailure) -> [Catalog.Metric] {
    do throws(SQLiteError) {
      let table = try ArchiveReader.series(of: database)
      let ids = Set(table.all.compactMap { number in table[number].flatMap { $0.key.isNumber ? $0.key.id : nil } })
      return Catalog.shared.metrics.filter { ids.contains($0.id) && $0.isColumn }
    } catch {
      throw ArchiveFailure(path, error)
    }
  }

  /// The keys of a metric's series that are selected.
  package func keys(of metric: Catalog.Metric, _ selectors: [SeriesSelector]) throws(ArchiveFailure) -> [String] {
    do throws(SQLiteError) {
      let table = try ArchiveReader.series(of: database)
      return table.all.compactMap { number in
        guard let key = table[number]?.key, key.isNumber, key.id == metric.id, selectors.select(metric, key.labels)
        else { return nil }
        return metric.key(key.labels)
      }
    } catch {
      throw ArchiveFailure(path, error)
    }
  }

  /// Runs `body` and keeps the samples it adds only where it does not throw.
  package func transaction<Failure: Error>(
    _ body: () throws(Failure) -> Void, failure: (ArchiveFailure) -> Failure
  ) throws(Failure) {
    try database.transaction(body) { failure(ArchiveFailure(path, $0)) }
  }

  /// Adds samples, oldest first.
  ///
  /// Skips those within the file's previous time range: two values for one time would
  /// conflict.
  ///
  /// - Returns: the number of samples added.
  package func add(_ samples: [Sample]) throws(ArchiveFailure) -> Int {
    guard let file else { return 0 }
    let wanted = samples.filter { sample in
      let time = SampleFlattener.time(of: sample)
      guard time > newest, !(held?.contains(time) ?? false) else { return false }
      newest = time
      return true
    }
    do throws(SQLiteError) {
      try file.write(wanted)
    } catch {
      throw ArchiveFailure(path, error)
    }
    return wanted.count
  }

  /// Ends the use.
  package func close() {
    if let file { file.close() } else { database.close() }
  }

  /// Passes a time range in batches of a few hundred samples or steps, and skips the time without any, such as the
  /// centuries beside one sample of a wrong clock.
  ///
  /// - Parameters:
  ///   - tiers: those that `body` reads.
  ///   - body: returns whether the batch had samples or steps.
  private func windows(
    from start: Double, to end: Double, step: Int?, tiers: [Tier],
    _ body: (Int64, Int64) throws(SQLiteError) -> Bool
  ) throws(ArchiveFailure) {
    do throws(SQLiteError) {
      var extents: [ClosedRange<Int64>] = []
      for tier in tiers { if let extent = try reader.extent(of: tier) { extents.append(extent) } }
      guard let oldest = extents.map(\.lowerBound).min(), let newest = extents.map(\.upperBound).max() else { return }
      let interval = try database.integer("SELECT value FROM meta WHERE name = 'raw_interval'") ?? 30
      let length = max(Int64(step ?? 0), interval) * 512_000
      let unit = Int64(max(1, step ?? 1)) * 1_000
      var first = max(oldest, Int64(max(start, -1e11) * 1_000))
      let last = min(newest, Int64(min(end, 1e11) * 1_000))
      while first <= last {
        // A batch ends at the end of a step.
        let stop = max(first, min(last, (first + length) / unit * unit))
        let hadData = try body(first, stop)
        first = stop + 1
        if !hadData {
          guard let next = try reader.firstTime(from: first, in: tiers) else { return }
          first = next
        }
      }
    } catch {
      throw ArchiveFailure(path, error)
    }
  }
}
