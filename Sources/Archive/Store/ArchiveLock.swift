internal import CSQLite
internal import SystemIO

/// The exclusive right to write to an archive: two agents on one file would mix two machines.
///
/// Locks a file beside the archive, `PATH-lock`; SQLite's own locks are held only during a write. The lock ends with
/// the process, even if it is killed.
final class ArchiveLock {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: SystemError; EWOULDBLOCK where another process has it.
  init(besides path: String) throws(SystemError) {
    let name = path + "-lock"
    let opened = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    if opened < 0 { throw SystemError("open " + name) }
    if csqlite_lock_file(opened) != 0 {
      let error = SystemError("lock " + name)
      close(opened)
      throw error
    }
    // Last: a throw after it would run `deinit` as well and close the number twice, by then maybe another file's.
    descriptor = opened
  }

  deinit {
    close(descriptor)
  }
}
