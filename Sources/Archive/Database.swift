internal import CSQLite
internal import SystemIO

/// SQLite error: the operation, its extended result code and its message.
struct SQLiteError: Error, CustomStringConvertible {
  let code: Int32
  let message: String

  /// The primary result code (sqlite.org/rescode.html).
  var primary: Int32 { code & 0xFF }

  var description: String { message }
}

/// A connection to one SQLite file, used by one thread at a time.
final class Database {
  /// How a connection is opened.
  enum Mode {
    case readOnly, readWrite
  }

  private var handle: OpaquePointer?
  private var statements: [String: Statement] = [:]

  /// Opens the file, making it where it is not there and may be written.
  init(path: String, mode: Mode, busyTimeout: Int32 = 200) throws(SQLiteError) {
    try Self.check(path, mode)
    let flags =
      SQLITE_OPEN_NOMUTEX | (mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
    let code = sqlite3_open_v2(path, &handle, flags, nil)
    guard code == SQLITE_OK, let handle else {
      let error = SQLiteError(
        code: handle.map(sqlite3_extended_errcode) ?? code,
        message: handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory")
      sqlite3_close_v2(self.handle)
      self.handle = nil
      throw error
    }
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, busyTimeout)
  }

  /// Checks the file and those that SQLite opens beside it, which would wait for a named pipe's writer; for writing, makes
  /// a new file.
  private static func check(_ path: String, _ mode: Mode) throws(SQLiteError) {
    let file: String
    do throws(SystemError) {
      file = try Files.resolved(path)
    } catch {
      // SQLite would follow the link. Any other reason comes from SQLite, too.
      guard mode == .readOnly || error.code != ELOOP else {
        throw SQLiteError(code: SQLITE_CANTOPEN, message: "another user's link")
      }
      file = path
    }
    for suffix in ["", "-wal", "-shm", "-journal"] {
      do throws(SystemError) {
        try Files.check(file + suffix, isWritten: mode == .readWrite)
      } catch {
        guard [ErrorCode.notRegular, ErrorCode.planted, ErrorCode.isFolder].contains(error.code) else { continue }
        let name = suffix.isEmpty ? "" : "\(suffix[...].dropFirst()) file: "
        throw SQLiteError(code: SQLITE_CANTOPEN, message: name + SystemError.text(of: error.code))
      }
    }
    guard mode == .readWrite else { return }
    // Each name has a journal of its own, which an agent on the other name does not see (sqlite.org/howtocorrupt.html).
    if Files.hasOtherNames(file) {
      throw SQLiteError(code: SQLITE_CANTOPEN, message: "the file has several names, by hard links; remove the others")
    }
    // SQLite would make it for all users; its journal has the file's permissions.
    try? Files.makePrivate(file)
  }

  deinit { close() }

  /// Closes the file; later calls fail.
  func close() {
    statements.values.forEach { $0.finalize() }
    statements = [:]
    sqlite3_close_v2(handle)
    handle = nil
  }

  fileprivate func check(_ code: Int32) throws(SQLiteError) {
    guard code != SQLITE_OK, code != SQLITE_ROW, code != SQLITE_DONE else { return }
    throw SQLiteError(code: code, message: handle.map { String(cString: sqlite3_errmsg($0)) } ?? "closed")
  }

  /// A prepared statement, kept for the next time.
  private func statement(_ sql: String) throws(SQLiteError) -> Statement {
    if let statement = statements[sql] { return statement }
    var pointer: OpaquePointer?
    try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil))
    guard let pointer else { throw SQLiteError(code: SQLITE_MISUSE, message: "an empty statement") }
    let statement = Statement(pointer)
    statements[sql] = statement
    return statement
  }

  /// Runs a statement to its end, and `body` for each row; false from `body` ends it early.
  func run(_ sql: String, _ values: [SQLiteValue] = [], _ body: (Row) -> Bool = { _ in true }) throws(SQLiteError) {
    let statement = try statement(sql)
    defer { statement.reset() }
    for (index, value) in values.enumerated() { try check(statement.bind(Int32(index + 1), value)) }
    while true {
      let code = sqlite3_step(statement.pointer)
      guard code == SQLITE_ROW else { return try check(code) }
      if !body(Row(statement: statement.pointer)) { return }
    }
  }

  /// Runs statements that give no rows.
  func execute(_ sql: String) throws(SQLiteError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// The first column of the first row; nil where there is no row or it is NULL.
  func integer(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteError) -> Int64? {
    var result: Int64?
    try run(sql, values) { row in
      result = row.isNull(0) ? nil : row.integer(0)
      return false
    }
    return result
  }

  /// The first column of the first row as text.
  func text(_ sql: String) throws(SQLiteError) -> String? {
    var result: String?
    try run(sql) { row in
      result = row.text(0)
      return false
    }
    return result
  }

  /// Runs `body` within a transaction, which is undone where it throws; within another one it is a part of that.
  func transaction<Failure: Error>(
    _ body: () throws(Failure) -> Void, failure: (SQLiteError) -> Failure
  ) throws(Failure) {
    guard sqlite3_get_autocommit(handle) != 0 else { return try body() }
    do { try execute("BEGIN IMMEDIATE") } catch { throw failure(error) }
    do {
      try body()
    } catch {
      // SQLite may have rolled back already.
      try? execute("ROLLBACK")
      throw error
    }
    do {
      try execute("COMMIT")
    } catch {
      try? execute("ROLLBACK")
      throw failure(error)
    }
  }

  /// A value to bind.
  enum SQLiteValue {
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
    case null
  }

  /// A prepared statement.
  private final class Statement {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
      self.pointer = pointer
    }

    func finalize() { sqlite3_finalize(pointer) }

    func reset() {
      sqlite3_reset(pointer)
      sqlite3_clear_bindings(pointer)
    }

    func bind(_ index: Int32, _ value: SQLiteValue) -> Int32 {
      switch value {
      case .integer(let value): return sqlite3_bind_int64(pointer, index, value)
      case .real(let value): return sqlite3_bind_double(pointer, index, value)
      case .null: return sqlite3_bind_null(pointer, index)
      case .text(var text):
        return text.withUTF8 { utf8 in
          utf8.withMemoryRebound(to: CChar.self) {
            csqlite_bind_text(pointer, index, $0.baseAddress, Int32(clamping: $0.count))
          }
        }
      case .blob(let bytes):
        return bytes.withUnsafeBytes { csqlite_bind_blob(pointer, index, $0.baseAddress, Int32(clamping: $0.count)) }
      }
    }
  }

  /// The row that a statement stands on; only good inside `run`'s body.
  struct Row {
    fileprivate let statement: OpaquePointer

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    func real(_ column: Int32) -> Double { sqlite3_column_double(statement, column) }

    func text(_ column: Int32) -> String? {
      guard let text = sqlite3_column_text(statement, column) else { return nil }
      let count = Int(sqlite3_column_bytes(statement, column))
      return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    func blob(_ column: Int32) -> [UInt8] {
      guard let bytes = sqlite3_column_blob(statement, column) else { return [] }
      let count = Int(sqlite3_column_bytes(statement, column))
      return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
  }
}
