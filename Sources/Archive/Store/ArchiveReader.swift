internal import AgentMetrics

/// Reads the archive's file with one connection.
struct ArchiveReader {
  let database: Database

  init(_ database: Database) {
    self.database = database
  }

  // MARK: Series and texts

  static func series(of database: Database) throws(SQLiteError) -> SeriesTable {
    var table = SeriesTable()
    try database.run("SELECT id, kind, metric, labels, unit FROM series") { row in
      // Additions of a later version of this schema are skipped here, and stay in the file.
      guard let kind = SeriesKey.ValueKind(rawValue: row.integer(1)), let id = row.text(2),
        let labels = row.text(3).flatMap([String].init(netstrings:)),
        let number = Int(exactly: row.integer(0)), (1..<SeriesTable.limit).contains(number)
      else { return true }
      table.insert(
        number, SeriesKey(kind: kind, id: id, labels: labels), row.text(4).flatMap(Unit.init(rawValue:)) ?? .none)
      return true
    }
    return table
  }

  /// The text of each series that has one at a time.
  static func texts(of database: Database, at time: Int64) throws(SQLiteError) -> [Int: String] {
    var texts: [Int: String] = [:]
    // With a bare column beside max(), SQLite gives that of the greatest row.
    try database.run("SELECT series, max(t), value FROM text WHERE t <= ? GROUP BY series", [.integer(time)]) { row in
      if let text = row.text(2) { texts[Int(row.integer(0))] = text }
      return true
    }
    return texts
  }

  /// Changes of texts after one time and up to another, in order of time.
  func textChanges(after start: Int64, to end: Int64) throws(SQLiteError) -> [(time: Int64, series: Int, text: String?)]
  {
    var changes: [(time: Int64, series: Int, text: String?)] = []
    try database.run(
      "SELECT t, series, value FROM text WHERE t > ? AND t <= ? ORDER BY t", [.integer(start), .integer(end)]
    ) {
      row in
      changes.append((row.integer(0), Int(row.integer(1)), row.text(2)))
      return true
    }
    return changes
  }

  /// Series that the journal names.
  func journalSeries() throws(SQLiteError) -> Set<Int> {
    var series: Set<Int> = []
    try database.run("SELECT id, data FROM journal") { row in
      if row.integer(0) < ArchiveSchema.journalBase(1) {
        if let row = try? JournalRow(row.blob(1)) { series.formUnion(row.columns.map(\.series)) }
      } else if let row = try? RollupRow(row.blob(1)) {
        series.formUnion(row.cells.map(\.series))
      }
      return true
    }
    return series
  }

  // MARK: Ranges

  /// A block or a row of a tier's journal, without the slots that a later one replaces.
  struct Piece {
    enum PieceSource {
      case block(Int64)
      case samples(JournalRow)
      case step(RollupRow)
    }
    let source: PieceSource
    let times: [Int64]
    let ranges: [Int64]
    /// The slots that count.
    var slots: Range<Int>

    /// Timestamps of the valid slots.
    var timestamps: ArraySlice<Int64> { times[slots] }
  }

  /// The pieces of a tier in a time range, both ends included, in order of time.
  ///
  /// Where the clock was set back, a time is covered twice; the later piece is used.
  /// - Parameter wanted: the series that rows of the journal are read for; nil for all.
  func pieces(of tier: Tier, from start: Int64, to end: Int64, wanted: Set<Int>?) throws(SQLiteError) -> [Piece] {
    var pieces: [Piece] = []
    try database.run(
      "SELECT id, n, head FROM block WHERE tier = ? AND t1 >= ? AND t0 <= ? ORDER BY id",
      [.integer(Int64(tier.number)), .integer(start), .integer(end)]
    ) { row in
      let count = Int(clamping: row.integer(1))
      guard (1...65_536).contains(count), let head = try? BlockHead(row.blob(2), count: count) else { return true }
      pieces.append(
        Piece(source: .block(row.integer(0)), times: head.times, ranges: head.ranges, slots: 0..<count))
      return true
    }
    try database.run(
      "SELECT data FROM journal WHERE id >= ? AND id < ? AND t1 >= ? AND t0 <= ? ORDER BY id",
      [
        .integer(ArchiveSchema.journalBase(tier.number)), .integer(ArchiveSchema.journalBase(tier.number + 1)),
        .integer(start),
        .integer(end),
      ]
    ) { row in
      if tier.step == 0 {
        guard let row = try? JournalRow(row.blob(0), wanted: wanted), !row.times.isEmpty else { return true }
        pieces.append(
          Piece(source: .samples(row), times: row.times, ranges: row.ranges, slots: row.times.indices))
      } else if let row = try? RollupRow(row.blob(0), wanted: wanted) {
        pieces.append(Piece(source: .step(row), times: [row.time], ranges: [Precision.absent], slots: 0..<1))
      }
      return true
    }
    return Self.ordered(pieces, from: start, to: end)
  }

  /// Removes slots that are covered twice or lie outside, and sorts the rest by time.
  static func ordered(_ pieces: [Piece], from start: Int64, to end: Int64) -> [Piece] {
    var result: [Piece] = []
    var reported: [ClosedRange<Int64>] = []
    for piece in pieces.reversed() {
      var run: Int?
      func endRun(at slot: Int) {
        guard let first = run else { return }
        var part = piece
        part.slots = first..<slot
        result.append(part)
        run = nil
      }
      for slot in piece.slots {
        let time = piece.times[slot]
        if time >= start, time <= end, !reported.contains(where: { $0.contains(time) }) {
          if run == nil { run = slot }
        } else {
          endRun(at: slot)
        }
      }
      endRun(at: piece.slots.upperBound)
      guard let first = piece.times.first, let last = piece.times.last, first <= last else { continue }
      reported.append(first...last)
    }
    return result.sorted { ($0.timestamps.first ?? 0) < ($1.timestamps.first ?? 0) }
  }

  /// Raw samples as rows, for those that want them whole.
  func rawRows(
    from start: Int64, to end: Int64, wanted: Set<Int>?, damaged: (DamagedBytes) -> Void = { _ in }
  ) throws(SQLiteError) -> [JournalRow] {
    try pieces(of: .raw, from: start, to: end, wanted: wanted).map { piece throws(SQLiteError) in
      try row(of: piece, wanted: wanted, damaged: damaged)
    }
  }

  /// A piece of raw samples, read.
  func row(
    of piece: Piece, wanted: Set<Int>?, damaged: (DamagedBytes) -> Void = { _ in }
  ) throws(SQLiteError) -> JournalRow {
    var row = JournalRow()
    row.times = Array(piece.timestamps)
    row.ranges = Array(piece.ranges[piece.slots])
    switch piece.source {
    case .samples(let whole):
      row.columns = whole.columns.map { column in
        JournalRow.JournalColumn(
          series: column.series, precision: column.precision, values: Array(column.values[piece.slots]))
      }
      row.items = whole.items.isEmpty ? [] : Array(whole.items[piece.slots])
    case .block(let block):
      for (series, chunk) in try chunks(
        of: block, count: piece.times.count, wanted: wanted, damaged: damaged)
      {
        guard case .values(let precision, let values) = chunk else { continue }
        row.columns.append(
          JournalRow.JournalColumn(series: series, precision: precision, values: Array(values[piece.slots])))
      }
      if wanted == nil { row.items = Array(try items(of: block, count: piece.times.count)[piece.slots]) }
    case .step: break
    }
    return row
  }

  /// The entries of lists that come and go, by slot.
  func items(of block: Int64, count: Int) throws(SQLiteError) -> [[ItemList]] {
    var items: [[ItemList]]?
    try database.run("SELECT data FROM items WHERE block = ?", [.integer(block)]) { row in
      items = try? ItemsBlock.decode(row.blob(0), count: count)
      return false
    }
    return items ?? [[ItemList]](repeating: [], count: count)
  }

  /// The chunks of a block, by series.
  ///
  /// - Parameter damaged: called for each unreadable chunk; that series has a gap there.
  func chunks(
    of block: Int64, count: Int, wanted: Set<Int>?, damaged: (DamagedBytes) -> Void = { _ in }
  ) throws(SQLiteError) -> [(series: Int, chunk: Chunk)] {
    var result: [(series: Int, chunk: Chunk)] = []
    var references: [(series: Int, other: Int)] = []
    func take(_ series: Int, _ bytes: [UInt8]) {
      do throws(DamagedBytes) {
        let chunk = try Chunk(bytes, count: count)
        if case .same(let other) = chunk {
          references.append((series, other))
        } else {
          result.append((series, chunk))
        }
      } catch {
        damaged(error)
      }
    }
    let mask = Int64(SeriesTable.limit - 1)
    if let wanted, wanted.count < 40 {
      for series in wanted.sorted() {
        try database.run("SELECT data FROM chunk WHERE id = ?", [.integer(ArchiveSchema.chunk(block, series))]) { row in
          take(series, row.blob(0))
          return false
        }
      }
    } else {
      try database.run(
        "SELECT id, data FROM chunk WHERE id >= ? AND id < ? ORDER BY id",
        [.integer(ArchiveSchema.chunk(block, 0)), .integer(ArchiveSchema.chunk(block + 1, 0))]
      ) { row in
        let series = Int(row.integer(0) & mask)
        if wanted?.contains(series) ?? true { take(series, row.blob(1)) }
        return true
      }
    }
    guard !references.isEmpty else { return result }
    var known = Dictionary(result.map { ($0.series, $0.chunk) }, uniquingKeysWith: { first, _ in first })
    for (series, other) in references {
      if known[other] == nil, (0..<SeriesTable.limit).contains(other) {
        try database.run("SELECT data FROM chunk WHERE id = ?", [.integer(ArchiveSchema.chunk(block, other))]) { row in
          known[other] = try? Chunk(row.blob(0), count: count)
          return false
        }
      }
      // A reference leads to values, never to another one.
      switch known[other] {
      case .values?, .rollup?:
        if let chunk = known[other] { result.append((series, chunk)) }
      default: damaged(DamagedBytes(reason: "its reference has no target"))
      }
    }
    return result
  }

  /// The first timestamp of some tiers at or after a time; nil without one.
  func firstTime(from start: Int64, in tiers: [Tier]) throws(SQLiteError) -> Int64? {
    var first: Int64?
    // The rows are in order of their first time: one that begins later has none earlier. Damaged ones are skipped.
    func take(_ begin: Int64, _ times: () throws(DamagedBytes) -> [Int64]) -> Bool {
      if let first, begin >= first { return false }
      if let times = try? times(), let time = times.lazy.filter({ $0 >= start }).min() {
        first = min(first ?? .max, time)
      }
      return true
    }
    for tier in tiers {
      try database.run(
        "SELECT t0, n, head FROM block WHERE tier = ? AND t1 >= ? ORDER BY t0",
        [.integer(Int64(tier.number)), .integer(start)]
      ) { row in
        take(row.integer(0)) { () throws(DamagedBytes) in
          let count = Int(clamping: row.integer(1))
          return (1...65_536).contains(count) ? try BlockHead(row.blob(2), count: count).times : []
        }
      }
      try database.run(
        "SELECT t0, data FROM journal WHERE id >= ? AND id < ? AND t1 >= ? ORDER BY t0",
        [
          .integer(ArchiveSchema.journalBase(tier.number)), .integer(ArchiveSchema.journalBase(tier.number + 1)),
          .integer(start),
        ]
      ) { row in
        take(row.integer(0)) { () throws(DamagedBytes) in
          tier.step > 0 ? [row.integer(0)] : try JournalRow(row.blob(1), wanted: []).times
        }
      }
    }
    return first
  }

  /// First and last timestamp of a tier; nil for an empty tier.
  func extent(of tier: Tier) throws(SQLiteError) -> ClosedRange<Int64>? {
    var extent: ClosedRange<Int64>?
    try database.run(
      """
      SELECT min(t0), max(t1) FROM (
        SELECT min(t0) AS t0, max(t1) AS t1 FROM block WHERE tier = ?
        UNION ALL SELECT min(t0), max(t1) FROM journal WHERE id >= ? AND id < ?)
      """,
      [
        .integer(Int64(tier.number)), .integer(ArchiveSchema.journalBase(tier.number)),
        .integer(ArchiveSchema.journalBase(tier.number + 1)),
      ]
    ) { row in
      if !row.isNull(0), row.integer(0) <= row.integer(1) { extent = row.integer(0)...row.integer(1) }
      return false
    }
    return extent
  }
}
