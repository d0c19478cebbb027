internal import CSQLite
internal import SystemIO

/// Why the archive cannot be written or read now, in one line.
package struct ArchiveFailure: UserError, Sendable, Hashable {
  /// How to recover.
  enum Recovery {
    /// Try the same again later.
    case wait
    /// Reopen the file later.
    case reopen
    /// Move the file aside and begin a new one.
    case moveAside
  }

  /// Another agent has the lock; the file can be read.
  static let locked = "another agent is writing to it"
  /// The same for a viewer, which never writes to it.
  static let viewed = locked + "; this one only reads it until it is restarted"

  /// The file.
  let path: String
  /// Description of the error.
  package let reason: String
  let remedy: Recovery
  /// The reason without SQLite's own words, which differ between operations.
  let kind: String

  /// Whether the file can be read, but not written.
  var isLocked: Bool { reason == Self.locked || reason == Self.viewed }

  /// The line.
  package var description: String { path + ": " + reason }

  init(_ path: String, _ reason: String, _ remedy: Recovery) {
    self.init(path, reason, kind: reason, remedy)
  }

  private init(_ path: String, _ reason: String, kind: String, _ remedy: Recovery) {
    self.path = path
    self.reason = reason
    self.remedy = remedy
    self.kind = kind
  }

  /// A file that was there is not found any more, or is another one.
  init(missing path: String) {
    let folder = Self.folder(of: path)
    let reason =
      if !Files.exists(folder) {
        "there is no such folder"
      } else if !Files.isExecutable(folder) {
        "its folder cannot be read"
      } else {
        "it was deleted or replaced"
      }
    self.init(path, reason, .reopen)
  }

  init(_ path: String, _ error: SQLiteError) {
    let (reason, remedy): (String, Recovery) =
      switch error.primary {
      case SQLITE_FULL: ("there is no space left for it", .wait)
      case SQLITE_BUSY, SQLITE_LOCKED: ("another process is writing to it", .wait)
      case SQLITE_READONLY, SQLITE_PERM: ("it cannot be written to", .reopen)
      case SQLITE_CANTOPEN where !Files.exists(Self.folder(of: path)): ("there is no such folder", .reopen)
      case SQLITE_CANTOPEN where !Files.isWritable(Self.folder(of: path)):
        ("its folder cannot be written to", .reopen)
      case SQLITE_CANTOPEN: ("it cannot be opened", .reopen)
      case SQLITE_NOTADB: ("it is not an SQLite database", .reopen)
      case SQLITE_CORRUPT: ("it is damaged", .moveAside)
      default: ("it cannot be used", .reopen)
      }
    self.init(path, "\(reason) (\(error.message))", kind: reason, remedy)
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
  }
}
