internal import CSQLite
internal import SystemIO

/// The right to write to an archive, which one process has: two agents on one file would tell of two machines at once.
///
/// A lock on a file of its own beside the archive, `PATH-lock`; SQLite's own locks are held only while something is written. It ends
/// with the process, however that ends.
final class FileLock {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: SystemError; EWOULDBLOCK where another process has it.
  init(besides path: String) throws(SystemError) {
    let name = path + "-lock"
    descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw SystemError("open " + name) }
    if csqlite_lock_file(descriptor) != 0 {
      let error = SystemError("lock " + name)
      close(descriptor)
      throw error
    }
  }

  deinit {
    close(descriptor)
  }
}
