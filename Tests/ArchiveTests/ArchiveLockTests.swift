import Glibc
import SystemIO
import TestSupport
import Testing

@testable import Archive

@Suite struct ArchiveLockTests {
  @Test func onlyOneHolds() throws {
    let folder = try TemporaryFolder()
    var lock: ArchiveLock? = try ArchiveLock(besides: folder.file("a.db"), atMost: 0)
    #expect(throws: SystemError.self) { try ArchiveLock(besides: folder.file("a.db"), atMost: 0) }
    withExtendedLifetime(lock) {}
    lock = nil
    lock = try ArchiveLock(besides: folder.file("a.db"), atMost: 0)
    withExtendedLifetime(lock) {}
  }

  /// A child has a copy of each descriptor between its fork and its exec; a duplicate is the same to flock(2).
  @Test func aReleasedLockIsFreeWhileAChildHasItsDescriptor() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    var lock: ArchiveLock? = try ArchiveLock(besides: path, atMost: 0)
    let own = try #require(
      Files.names(in: "/proc/self/fd").first { Files.link("/proc/self/fd/" + $0) == path + "-lock" }
        .flatMap { Int32($0) })
    let copy = dup(own)
    defer { close(copy) }
    withExtendedLifetime(lock) {}
    lock = nil
    lock = try ArchiveLock(besides: path, atMost: 0)
    withExtendedLifetime(lock) {}
  }

  @Test func anEndingProcessIsAwaited() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    var lock: ArchiveLock? = try ArchiveLock(besides: path, atMost: 0)
    var tries = 0
    _ = try ArchiveLock(besides: path, atMost: .infinity) { _ in
      tries += 1
      withExtendedLifetime(lock) {}
      if tries == 3 { lock = nil }
      return true
    }
    #expect(tries == 3)
    lock = try ArchiveLock(besides: path, atMost: 0)
    let error = #expect(throws: SystemError.self) { try ArchiveLock(besides: path, atMost: 0.1) }
    #expect(error?.code == ErrorCode.wouldBlock)
    // The caller gives up, as at its own end.
    #expect(throws: SystemError.self) { try ArchiveLock(besides: path, atMost: .infinity) { _ in false } }
    withExtendedLifetime(lock) {}
  }

  /// A second close could hit a descriptor that another thread has opened since.
  @Test func aRefusedLockClosesItsDescriptorOnce() throws {
    let folder = try TemporaryFolder()
    let lock = try ArchiveLock(besides: folder.file("a.db"), atMost: 0)
    errno = 0
    #expect(throws: SystemError.self) { try ArchiveLock(besides: folder.file("a.db"), atMost: 0) }
    // Set by a close of a number that is closed already.
    #expect(errno != EBADF)
    withExtendedLifetime(lock) {}
  }

  @Test("A new archive and its lock are for the owner only")
  func permissions() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let lock = try ArchiveLock(besides: path, atMost: 0)
    let database = try Database(path: path, mode: .readWrite)
    try database.execute("PRAGMA journal_mode=WAL")
    try database.execute("CREATE TABLE t(x)")
    for name in Files.names(in: folder.path) {
      var status = stat()
      #expect(lstat(folder.file(name), &status) == 0 && status.st_mode & 0o777 == 0o600, "\(name)")
    }
    withExtendedLifetime((lock, database)) {}
  }

  @Test("Another user's link in the place of an archive or a lock is not followed", .enabled(if: geteuid() == 0))
  func links() throws {
    let folder = try TemporaryFolder()
    let (own, foreign) = (folder.file("own.db"), folder.file("foreign.db"))
    for link in [own, foreign] {
      symlink(folder.file("target"), link)
      symlink(folder.file("lock"), link + "-lock")
    }
    try #require(lchown(foreign, 65_534, 65_534) == 0)
    #expect(throws: SQLiteError.self) { try Database(path: foreign, mode: .readWrite) }
    #expect(!Files.exists(folder.file("target")))
    #expect(throws: SystemError.self) { try ArchiveLock(besides: foreign, atMost: 0) }
    #expect(!Files.exists(folder.file("lock")))
    // The own link to a file elsewhere is.
    _ = try Database(path: own, mode: .readWrite)
  }
}
