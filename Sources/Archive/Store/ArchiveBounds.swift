internal import CSQLite

/// Limits of the integers of the archive's file, so that arithmetic with them cannot overflow.
///
/// Rows are checked when the file is opened, the contents of their bytes when they are decoded.
enum ArchiveBounds {
  /// POSIX times in milliseconds; twice as far as the writer limits them (``SampleFlattener/time(of:)``).
  static let times: ClosedRange<Int64> = -200_000_000_000_000...200_000_000_000_000
  /// Milliseconds that rates are means over.
  static let ranges: ClosedRange<Int64> = 0...10_000_000_000_000
  /// Seconds between two samples.
  static let intervals: ClosedRange<Int64> = 1...86_400
  /// Numbers of blocks: 2²⁰ times as large is still an Int64, and the next one too (``ArchiveSchema/chunk(_:_:)``).
  private static let blocks: ClosedRange<Int64> = 0...1 << 42
  /// Samples or steps of a row.
  private static let counts: ClosedRange<Int64> = 0...65_536

  private struct Column {
    let table: String
    let name: String
    let range: ClosedRange<Int64>
    /// The entry of `meta`.
    var entry: String?
  }

  private static let columns = [
    Column(table: "journal", name: "id", range: 0...ArchiveSchema.journalBase(Tier.all.count) - 1),
    Column(table: "journal", name: "t0", range: times), Column(table: "journal", name: "t1", range: times),
    Column(table: "journal", name: "n", range: counts),
    Column(table: "block", name: "id", range: blocks),
    Column(table: "block", name: "tier", range: 0...Int64(Tier.all.count - 1)),
    Column(table: "block", name: "t0", range: times), Column(table: "block", name: "t1", range: times),
    Column(table: "block", name: "n", range: counts),
    Column(table: "series", name: "used", range: blocks), Column(table: "text", name: "t", range: times),
    Column(table: "meta", name: "value", range: intervals, entry: "raw_interval"),
    Column(table: "meta", name: "value", range: times, entry: "events_since"),
  ]

  /// Throws SQLITE_CORRUPT for the first integer that is out of range.
  static func check(_ database: Database) throws(SQLiteError) {
    for column in columns {
      var found: String?
      try database.run(
        """
        SELECT quote(\(column.name)) FROM \(column.table) WHERE \(column.entry.map { "name = '\($0)'" } ?? "1") AND NOT
        (typeof(\(column.name)) = 'integer' AND \(column.name) BETWEEN ? AND ?) LIMIT 1
        """, [.integer(column.range.lowerBound), .integer(column.range.upperBound)]
      ) { row in
        found = row.text(0)
        return false
      }
      guard let found else { continue }
      throw SQLiteError(
        code: SQLITE_CORRUPT, message: "\(column.table).\(column.entry ?? column.name) is " + String(found.prefix(40)))
    }
  }

  /// Throws for a time or an interval that is out of range.
  static func check(_ times: [Int64], _ ranges: [Int64] = []) throws(DamagedBytes) {
    guard times.allSatisfy(Self.times.contains),
      ranges.allSatisfy({ $0 == Precision.absent || Self.ranges.contains($0) })
    else { throw DamagedBytes(reason: "a time is out of range") }
  }
}
