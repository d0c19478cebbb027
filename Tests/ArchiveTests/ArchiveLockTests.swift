import Glibc
import SystemIO
import TestSupport
import Testing

@testable import Archive

@Suite struct ArchiveLockTests {
  @Test func onlyOneHolds() throws {
    let folder = try TemporaryFolder()
    var lock: ArchiveLock? = try ArchiveLock(besides: folder.file("a.db"))
    #expect(throws: SystemError.self) { try ArchiveLock(besides: folder.file("a.db")) }
    withExtendedLifetime(lock) {}
    lock = nil
    lock = try ArchiveLock(besides: folder.file("a.db"))
    withExtendedLifetime(lock) {}
  }

  /// A second close could hit a descriptor that another thread has opened since.
  @Test func aRefusedLockClosesItsDescriptorOnce() throws {
    let folder = try TemporaryFolder()
    let lock = try ArchiveLock(besides: folder.file("a.db"))
    errno = 0
    #expect(throws: SystemError.self) { try ArchiveLock(besides: folder.file("a.db")) }
    // Set by a close of a number that is closed already.
    #expect(errno != EBADF)
    withExtendedLifetime(lock) {}
  }
}
