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
    var status = stat()
    #expect(lstat(folder.file("target"), &status) == 0 && status.st_mode == S_IFREG | 0o600)
  }

  @Test("An archive has one lock under all names, and is not written to beside another hard link")
  func names() throws {
    let folder = try TemporaryFolder()
    let (path, link) = (folder.file("a.db"), folder.file("b.db"))
    symlink(path, link)
    // Also before it exists.
    let lock = try ArchiveLock(besides: link, atMost: 0)
    let error = #expect(throws: SystemError.self) { try ArchiveLock(besides: path, atMost: 0) }
    #expect(error?.code == ErrorCode.wouldBlock && Files.exists(path + "-lock"))
    withExtendedLifetime(lock) {}
    try Database(path: path, mode: .readWrite).execute("CREATE TABLE t(x)")
    try #require(Glibc.link(path, folder.file("c.db")) == 0)
    for name in ["a.db", "b.db", "c.db"] {
      #expect(throws: SQLiteError.self) { try Database(path: folder.file(name), mode: .readWrite) }
      _ = try Database(path: folder.file(name), mode: .readOnly).integer("SELECT count(*) FROM t")
    }
    try #require(unlink(folder.file("c.db")) == 0)
    _ = try Database(path: path, mode: .readWrite)
  }

  @Test("A named pipe is neither an archive nor a journal", arguments: ["", "-journal", "-wal", "-shm"])
  func pipes(suffix: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    if !suffix.isEmpty { try Database(path: path, mode: .readWrite).execute("CREATE TABLE t(x)") }
    try #require(mkfifo(path + suffix, 0o600) == 0)
    for mode in [Database.Mode.readOnly, .readWrite] {
      let error = #expect(throws: SQLiteError.self) { try Database(path: path, mode: mode) }
      #expect(error?.message == (suffix.isEmpty ? "" : "\(suffix.dropFirst()) file: ") + "not a regular file")
    }
  }

  @Test("Without its lock an archive is not written; a folder in the place of the file is named as such")
  func refused() throws {
    let folder = try TemporaryFolder()
    symlink("elsewhere", folder.file("a.db-lock"))
    mkdir(folder.file("b.db"), 0o700)
    for (name, reason) in [("a.db", "its lock is a link"), ("b.db", "b.db: Is a directory")] {
      let bench = ArchiveTests.Bench(folder.file(name))
      bench.archive.start()
      #expect(bench.reports.wait(for: reason) != nil)
      bench.archive.stop(atMost: 300)
    }
    #expect(Files.names(in: folder.path).sorted() == ["a.db-lock", "b.db"])
    let error = #expect(throws: SQLiteError.self) { try Database(path: folder.file("b.db"), mode: .readOnly) }
    #expect(error?.message == "Is a directory")
  }

  @Test("Another user's file in a folder that all may write to is not written to", .enabled(if: geteuid() == 0))
  func planted() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    _ = try ArchiveLock(besides: path, atMost: 0)
    try Database(path: path, mode: .readWrite).execute("PRAGMA journal_mode=WAL; CREATE TABLE t(x)")
    #expect(ArchiveExposure(path) == nil)
    chmod(path, 0o644)
    #expect(ArchiveExposure(path) == .permissions)
    chmod(path, 0o600)
    try folder.write("a.db-journal", "")
    for name in [path, path + "-journal"] {
      try #require(chown(name, 65_534, 65_534) == 0)
      chmod(folder.path, 0o755)
      #expect(ArchiveExposure(path) == (name == path ? .owner : nil))
      _ = try Database(path: path, mode: .readWrite)
      chmod(folder.path, 0o1777)
      #expect(ArchiveExposure(path) == (name == path ? .planted : nil))
      #expect(throws: SQLiteError.self) { try Database(path: path, mode: .readWrite) }
      // It may be read, and its folder's owner could replace it anyway.
      _ = try Database(path: path, mode: .readOnly)
      try #require(chown(folder.path, 65_534, 0) == 0)
      _ = try Database(path: path, mode: .readWrite)
      try #require(chown(folder.path, 0, 0) == 0)
      try #require(chown(name, 0, 0) == 0)
    }
    try #require(chown(path + "-lock", 65_534, 65_534) == 0)
    let error = #expect(throws: SystemError.self) { try ArchiveLock(besides: path, atMost: 0) }
    #expect(error?.code == ErrorCode.planted)
  }
}
