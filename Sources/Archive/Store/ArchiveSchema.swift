/// The tables of the archive's file.
///
/// - `series`: the meaning of each series number (``SeriesKey``).
/// - `journal`: the newest samples one by one (``JournalRow``), and the last steps of each tier (``RollupRow``); `id`
///   is tier × 2⁴⁰ + a number that grows, `t0` and `t1` are its first and last timestamp in milliseconds, `n` is the
///   count.
/// - `block`: ranges of a tier that were rewritten: `t0`, `t1` and `n` as in `journal`, `head` a ``BlockHead``. Blocks
///   of a tier are in the order in which they were written.
/// - `chunk`: one series over one block (``Chunk``); `id` is block × 2²⁰ + series, so that new ones are always the
///   table's last and fill its pages, and old ones free whole pages.
/// - `items`: entries that are not time series, over one block of raw samples (``ItemsBlock``).
/// - `text`: the new value of a text, part or list (``SeriesKey/Kind``) at `t`; NULL where it ended.
/// - `event`: events (``EventTable``); added to files of earlier versions, which ignore it.
/// - `meta`: names with values. `raw_interval`: seconds. `clean`: 1 while no agent has it open.
///
/// `PRAGMA user_version` is the schema's version; `PRAGMA application_id` identifies the file as the agent's.
enum ArchiveSchema {
  static let version: Int64 = 1
  /// "WMAg".
  static let application: Int64 = 0x574D_4167

  static func journalBase(_ tier: Int) -> Int64 { Int64(tier) << 40 }
  static func chunk(_ block: Int64, _ series: Int) -> Int64 { block << 20 | Int64(series) }

  static let tables = """
    CREATE TABLE series(
      id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL, unit TEXT NOT NULL,
      used INTEGER NOT NULL);
    CREATE TABLE journal(
      id INTEGER PRIMARY KEY, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE block(
      id INTEGER PRIMARY KEY, tier INTEGER NOT NULL, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL, n INTEGER NOT NULL,
      head BLOB NOT NULL);
    CREATE INDEX block_by_time ON block(tier, t0);
    CREATE TABLE chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE items(block INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE text(
      series INTEGER NOT NULL, t INTEGER NOT NULL, value TEXT, PRIMARY KEY(series, t)) WITHOUT ROWID;
    CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    """

  /// Result of a schema check.
  enum Finding {
    case empty
    case ours
    case newer(Int64)
    case foreign
  }

  /// - Throws: SQLITE_CORRUPT also for an integer that is out of range.
  static func look(at database: Database) throws(SQLiteError) -> Finding {
    let version = try database.integer("PRAGMA user_version") ?? 0
    let application = try database.integer("PRAGMA application_id") ?? 0
    if application == Self.application {
      if version == Self.version { try ArchiveBounds.check(database) }
      return version > Self.version ? .newer(version) : version == Self.version ? .ours : .foreign
    }
    let tables = try database.integer("SELECT count(*) FROM sqlite_master") ?? 0
    return application == 0 && version == 0 && tables == 0 ? .empty : .foreign
  }

  /// How the writing connection works; before the first table is made.
  static func configure(_ database: Database) throws(SQLiteError) {
    // Takes effect only in a file without tables.
    try database.execute("PRAGMA auto_vacuum=INCREMENTAL")
    _ = try database.text("PRAGMA journal_mode=WAL")
    // A power failure may undo the last commits, but never damages the file; syncing each of them would cost the disk, and
    // ``Archive`` asks for it every ten seconds.
    try database.execute(
      "PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY")
  }

  static func create(in database: Database) throws(SQLiteError) {
    try database.transaction(
      { () throws(SQLiteError) in
        try database.execute(tables)
        try database.execute("PRAGMA application_id=\(application); PRAGMA user_version=\(version)")
      }, failure: { $0 })
  }
}
