package import AgentMetrics
internal import SampleStore
package import Query
internal import Synchronization
internal import SystemIO

extension Archive: SampleArchive {
  package var status: ArchiveStatus {
    var status = state.withLock { $0 }
    status.pending = inbox.withState { $0.waiting.count }
    status.damaged = queries.damaged
    return status
  }

  /// Oldest timestamp of any tier.
  package var oldest: Double? {
    let oldest = status.oldest
    return oldest.isFinite ? oldest : nil
  }

  /// Samples as they were taken, or, with `step`, one for each step; see ``SampleArchive``.
  package func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] {
    let (start, end) = (Self.milliseconds(start), Self.milliseconds(end))
    let samples = try await read { [queries] reader throws(SQLiteError) -> [Sample]? in
      if let step {
        return try reader.means(from: start, to: end, step: Int64(step) * 1_000, limit: limit) { _ in
          queries.noteDamage()
        }
      }
      guard try reader.countSamples(from: start, to: end) <= limit else { return nil }
      return try reader.samples(from: start, to: end) { _ in queries.noteDamage() }
    }
    guard var samples else { throw Columns.TooLarge(ofRows: limit + 1) }
    let (now, boottime) = (Clock.realtime, Clock.boottime)
    for index in samples.indices { samples[index].boottime = boottime - (now - samples[index].timestamp.seconds) }
    return samples
  }

  /// Returns the newest sample at or before a time.
  package func sample(at time: Double) async throws -> Sample? {
    let time = Self.milliseconds(time)
    return try await read { reader throws(SQLiteError) -> Sample? in
      guard let time = try reader.newest(before: time) else { return nil }
      return try reader.samples(from: time, to: time).last
    }
  }

  /// Columns of the archived series; see ``SampleArchive``.
  package func columns(
    _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
  ) async throws -> Columns {
    let (start, end) = (Self.milliseconds(start), Self.milliseconds(end))
    let found = try await read { [queries] reader throws(SQLiteError) -> ArchivedColumns? in
      try reader.columns(
        selectors, from: start, to: end, step: step, limit: limit
      ) { _ in queries.noteDamage() }
    }
    guard let found else { throw Columns.TooLarge(ofRows: limit) }
    return Columns(found, extremes: extremes)
  }

  /// Returns the stored events of a query.
  package func events(_ query: EventQuery) async throws -> EventHistory? {
    try await read { reader throws(SQLiteError) in try EventTable.events(query, in: reader.database) }
  }

  /// Flushes the queue first, so that there is no gap between memory and the file.
  private func read<Value: Sendable>(
    _ body: @escaping @Sendable (ArchiveReader) throws(SQLiteError) -> Value
  ) async throws(ArchiveFailure) -> Value {
    let memory = Double(history.capacity) * Double(history.interval)
    // Memory covers the queued samples when it reaches back further than their time in the queue.
    let mustFlush = memory < 2 * Self.writeSeconds
    do throws(ArchiveFailure) {
      return try await queries.run { [self] reader throws(SQLiteError) in
        if mustFlush { flush(atMost: 0.5) }
        return try body(reader)
      }
    } catch {
      // The writer may go on for weeks without reading the damaged pages.
      if error.remedy == .moveAside { inbox.update { $0.isSuspect = true } }
      throw error
    }
  }

  private static func milliseconds(_ seconds: Double) -> Int64 {
    // Far beyond every date, and far from overflowing.
    Int64((min(max(seconds, -1e12), 1e12) * 1_000).rounded())
  }
}

extension Columns {
  /// Converts archived columns.
  ///
  /// - Parameter keepsEmpty: whether series without values are kept.
  init(_ found: ArchivedColumns, extremes: Bool, keepsEmpty: Bool = false) {
    let series = found.series.compactMap { series -> Columns.Series? in
      guard let metric = Catalog.shared[series.key.id], keepsEmpty || series.values.contains(where: { !$0.isNaN })
      else { return nil }
      return Columns.Series(
        metric: metric, labels: series.key.labels, values: series.values, minima: extremes ? series.minima : [],
        maxima: extremes ? series.maxima : [])
    }
    self.init(timestamps: found.times.map { Double($0) / 1_000 }, series: series)
  }
}

extension ArchiveReader {
  /// The columns of the series that are selected; see ``columns(of:from:to:step:limit:damaged:)``.
  func columns(
    _ selectors: [SeriesSelector], from start: Int64, to end: Int64, step: Int?, limit: Int,
    damaged: (DamagedBytes) -> Void = { _ in }
  ) throws(SQLiteError) -> ArchivedColumns? {
    let table = try Self.series(of: database)
    // In the catalog's order; of one metric in that in which they came.
    let wanted = table.all.compactMap { number -> (place: Int, number: Int)? in
      guard let key = table[number]?.key, key.isNumber, let metric = Catalog.shared[key.id], metric.isColumn,
        selectors.select(metric, key.labels)
      else { return nil }
      return (metric.number, number)
    }.sorted { $0 < $1 }.map(\.number)
    return try columns(
      of: wanted, from: start, to: end, step: step.map { Int64($0) * 1_000 }, limit: limit, damaged: damaged)
  }

  /// Estimates the number of samples in a time range from the tables alone, without reading blocks; an upper bound
  /// where a block reaches beyond the range.
  func countSamples(from start: Int64, to end: Int64) throws(SQLiteError) -> Int {
    let blocks =
      try database.integer(
        "SELECT sum(n * (1.0 + min(t1, ?2) - max(t0, ?1)) / (1 + t1 - t0)) FROM block WHERE tier = 0 AND t1 >= ?1 AND t0 <= ?2",
        [.integer(start), .integer(end)]) ?? 0
    let rows =
      try database.integer(
        "SELECT sum(n) FROM journal WHERE id < ?3 AND t1 >= ?1 AND t0 <= ?2",
        [.integer(start), .integer(end), .integer(ArchiveSchema.journalBase(1))]) ?? 0
    return Int(clamping: blocks + rows)
  }

  /// Returns the newest sample time at or before a time.
  func newest(before time: Int64) throws(SQLiteError) -> Int64? {
    let start = try database.integer(
      """
      SELECT max(t0) FROM (
        SELECT max(t0) AS t0 FROM block WHERE tier = 0 AND t0 <= ?1
        UNION ALL SELECT max(t0) FROM journal WHERE id < ?2 AND t0 <= ?1)
      """, [.integer(time), .integer(ArchiveSchema.journalBase(1))])
    guard let start else { return nil }
    return try pieces(of: .raw, from: start, to: time, wanted: []).last?.timestamps.last
  }

  /// Returns one sample per step: means of gauges, last values of counters, texts at its end; without lists that are
  /// not series.
  ///
  /// nil when there would be more than `limit`.
  func means(
    from start: Int64, to end: Int64, step: Int64, limit: Int, damaged: (DamagedBytes) -> Void
  ) throws(SQLiteError) -> [Sample]? {
    let table = try Self.series(of: database)
    let wanted = table.all.filter { table[$0]?.key.isNumber ?? false }
    guard
      let columns = try columns(
        of: wanted, from: start, to: end, step: step, limit: limit * max(1, wanted.count), damaged: damaged),
      columns.times.count <= limit
    else { return nil }
    guard let first = columns.times.first, let last = columns.times.last else { return [] }
    var row = JournalRow()
    var kept: [Int] = []
    for (slot, time) in columns.times.enumerated()
    where columns.series.contains(where: { !$0.values[slot].isNaN }) {
      kept.append(slot)
      row.times.append(time)
      row.ranges.append(step)
    }
    for (number, series) in zip(wanted, columns.series) {
      row.columns.append(
        JournalRow.JournalColumn(
          series: number, precision: .bits,
          values: kept.map { Precision.bits.integer(series.values[$0], factor: 1) ?? Precision.absent }))
    }
    let texts = try Self.texts(of: database, at: first)
    let changes = try textChanges(after: first, to: last)
    return SampleRestorer(series: table).samples(of: [row], texts: texts, changes: changes)
  }
}
