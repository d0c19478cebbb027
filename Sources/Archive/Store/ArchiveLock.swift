internal import SystemIO

/// The exclusive right to write to an archive: two agents on one file would mix two machines.
///
/// Locks a file beside the archive, `PATH-lock`; SQLite's own locks are held only during a write. The lock ends with
/// the process, even if it is killed.
final class ArchiveLock {
  private let lock: FileLock

  /// Takes the lock.
  ///
  /// - Throws: SystemError; its code is ``ErrorCode/wouldBlock`` where another process has it.
  init(besides path: String) throws(SystemError) {
    lock = try FileLock(path + "-lock")
  }
}
