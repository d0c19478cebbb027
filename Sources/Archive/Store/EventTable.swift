internal import AgentMetrics
internal import Query

/// The table of events: one row each, by time, kind and object.
///
/// Files of earlier versions lack it; it is added when they are opened for writing. `meta.events_since` is then the time
/// since which events are recorded.
enum EventTable {
  /// Maximum number of rows; the oldest are deleted first.
  static let maxRows: Int64 = 50_000
  /// Bytes of the file's limit per row, so that events never take most of it.
  private static let bytesPerRow: Int64 = 2_000

  /// - Parameter now: POSIX time in milliseconds.
  static func create(in database: Database, now: Int64) throws(SQLiteError) {
    try database.execute(
      """
      CREATE TABLE IF NOT EXISTS event(
        t INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL, text TEXT NOT NULL,
        n INTEGER NOT NULL, workload TEXT, duration REAL, PRIMARY KEY(t, kind, subject)) WITHOUT ROWID
      """)
    try database.run("INSERT OR IGNORE INTO meta VALUES('events_since', ?)", [.integer(now)])
  }

  /// Adds the events of samples; one that is there already is replaced.
  static func insert(_ samples: [Sample], into database: Database) throws(SQLiteError) {
    for event in samples.flatMap({ $0.events?.new ?? [] }) where event.time.isFinite && abs(event.time) < 1e11 {
      try database.run(
        "INSERT OR REPLACE INTO event VALUES(?,?,?,?,?,?,?,?)",
        [
          .integer(milliseconds(event.time)), .text(event.kind.rawValue), .text(event.subject),
          .text(event.severity.rawValue), .text(event.text), .integer(Int64(clamping: event.count)),
          event.workload.map(Database.SQLiteValue.text) ?? .null,
          event.duration.isFinite ? .real(event.duration) : .null,
        ])
    }
  }

  /// The newest events of a query.
  ///
  /// nil where the file has no such table.
  static func events(_ query: EventQuery, in database: Database) throws(SQLiteError) -> EventHistory? {
    guard try database.integer("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'event'") == 1,
      let since = try database.integer("SELECT value FROM meta WHERE name = 'events_since'")
    else { return nil }
    var history = EventHistory(since: Double(since) / 1_000, events: [])
    try database.run(
      "SELECT t, kind, subject, severity, text, n, workload, duration" + source(query) + " ORDER BY t DESC",
      range(query)
    ) { row in
      guard let event = MachineEvent(row) else { return true }
      if history.events.count == query.limit {
        history.isTruncated = true
        return false
      }
      history.events.append(event)
      return true
    }
    return history
  }

  /// The number of a query's events, its limit aside.
  static func count(_ query: EventQuery, in database: Database) throws(SQLiteError) -> Int {
    try Int(clamping: database.integer("SELECT count(*)" + source(query), range(query)) ?? 0)
  }

  /// The rows of a query.
  ///
  /// Kinds of a later version stay in the file.
  private static func source(_ query: EventQuery) -> String {
    // Names of kinds have no quotes.
    let kinds = (query.kinds ?? Set(EventKind.allCases)).map { "'" + $0.rawValue + "'" }.sorted()
    return " FROM event WHERE t >= ? AND t <= ? AND kind IN (" + kinds.joined(separator: ",") + ")"
  }

  private static func range(_ query: EventQuery) -> [Database.SQLiteValue] {
    [.integer(milliseconds(query.from)), .integer(milliseconds(query.to))]
  }

  /// Deletes events from before a time, and the oldest beyond the maximum number.
  static func prune(before time: Int64, sizeLimit: Int64?, in database: Database) throws(SQLiteError) {
    try database.run("DELETE FROM event WHERE t < ?", [.integer(time)])
    let limit = min(maxRows, sizeLimit.map { max(100, $0 / bytesPerRow) } ?? maxRows)
    if let first = try database.integer("SELECT t FROM event ORDER BY t DESC LIMIT 1 OFFSET ?", [.integer(limit)]) {
      try database.run("DELETE FROM event WHERE t <= ?", [.integer(first)])
    }
  }

  private static func milliseconds(_ seconds: Double) -> Int64 {
    Int64((min(max(seconds, -1e12), 1e12) * 1_000).rounded())
  }
}

extension MachineEvent {
  /// A row of the table; nil for a kind that is not known.
  fileprivate init?(_ row: Database.Row) {
    guard let kind = row.text(1).flatMap(EventKind.init(rawValue:)) else { return nil }
    self.init(kind, at: Double(row.integer(0)) / 1_000, subject: row.text(2) ?? "", row.text(4) ?? "")
    severity = row.text(3).flatMap(EventSeverity.init(rawValue:)) ?? kind.severity
    count = Int(clamping: row.integer(5))
    workload = row.text(6)
    if !row.isNull(7) { duration = row.real(7) }
  }
}
