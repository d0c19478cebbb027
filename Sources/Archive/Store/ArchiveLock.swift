internal import SystemIO

/// The exclusive right to write to an archive: two agents on one file would mix two machines.
///
/// Locks a file beside the archive, `PATH-lock`; SQLite's own locks are held only during a write. Symbolic links to one
/// archive have one lock. It ends with the process, even if it is killed.
final class ArchiveLock {
  /// Seconds in which the lock of a process that has been killed is free, also on a machine under load.
  static let patience = 2.0

  private let lock: FileLock

  /// Takes the lock.
  ///
  /// - Parameters:
  ///   - seconds: how long to wait for a process that is ending.
  ///   - pause: waits some seconds, or returns false to give up.
  /// - Throws: SystemError; its code is ``ErrorCode/wouldBlock`` where another process has it.
  init(
    besides path: String, atMost seconds: Double, pause: (Double) -> Bool = ArchiveLock.sleep
  ) throws(SystemError) {
    let deadline = Clock.monotonic + seconds
    let file = try Files.resolved(path)
    // A refused file gets no lock beside it.
    try Files.check(file, isWritten: true)
    lock = try FileLock(file + "-lock") { Clock.monotonic < deadline && pause(0.02) }
  }

  private static func sleep(_ seconds: Double) -> Bool {
    Condition(false).wait(atMost: seconds) { $0 ? true : nil } == nil
  }
}
