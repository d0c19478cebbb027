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

  @Test("A new archive and its lock are for the owner only")
  func permissions() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let lock = try ArchiveLock(besides: path)
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
    #expect(throws: SystemError.self) { try ArchiveLock(besides: foreign) }
    #expect(!Files.exists(folder.file("lock")))
    // The own link to a file elsewhere is.
    _ = try Database(path: own, mode: .readWrite)
  }
}
