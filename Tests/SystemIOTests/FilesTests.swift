import Glibc
import SystemIO
import TestSupport
import Testing

@Suite struct FilesTests {
  @Test func anOpenFileIsReadAgainEachTime() throws {
    let scratch = try TemporaryFolder()
    let file = PersistentFile(scratch.path + "/value")
    let buffer = ReadBuffer(capacity: 4)
    #expect(file.readIfPresent(into: buffer) { $0.count } == nil)
    try scratch.write("value", "first text, longer than the buffer")
    #expect(file.readIfPresent(into: buffer) { $0.string(0..<$0.count) } == "first text, longer than the buffer")
    try scratch.write("value", "second")
    #expect(file.readIfPresent(into: buffer) { $0.string(0..<$0.count) } == "second")
    try scratch.write("value", "")
    #expect(file.readIfPresent(into: buffer) { $0.count } == 0)
  }

  @Test func errorsNameTheFile() throws {
    let error = #expect(throws: SystemError.self) { try Files.contents(of: "/nowhere/at/all") }
    #expect(error?.description == "open /nowhere/at/all: No such file or directory")
    #expect(error?.isAbsent == true)
  }

  @Test func linesAndNumbers() throws {
    let scratch = try TemporaryFolder()
    try scratch.write("name", "  Raspberry Pi 4\u{0}")
    try scratch.write("number", "-1\n")
    try scratch.write("empty", "\n")
    #expect(Files.line(of: scratch.path + "/name") == "Raspberry Pi 4")
    #expect(Files.number(of: scratch.path + "/number") == -1)
    #expect(Files.line(of: scratch.path + "/empty") == nil)
    #expect(Files.number(of: scratch.path + "/name") == nil)
    #expect(Set(Files.names(in: scratch.path)) == ["name", "number", "empty"])
  }

  @Test("Of a named file only a regular one of a limited size is read; the null device is an empty one")
  func namedFiles() throws {
    let scratch = try TemporaryFolder()
    try scratch.write("text", "0123456789")
    try #require(mkfifo(scratch.file("pipe"), 0o600) == 0)
    try scratch.write("endless", "")
    try #require(truncate(scratch.file("endless"), 1 << 40) == 0)
    #expect(try Files.contents(ofNamed: scratch.file("text"), atMost: 10) == Array("0123456789".utf8))
    #expect(try Files.contents(ofNamed: "/dev/null") == [])
    let codes = [
      ("pipe", ErrorCode.notRegular), ("", ErrorCode.isFolder), ("endless", ErrorCode.tooLarge),
      ("none", ErrorCode.notFound),
    ]
    for (name, code) in codes {
      let error = #expect(throws: SystemError.self) { try Files.contents(ofNamed: scratch.file(name)) }
      #expect(error?.code == code, "\(name)")
    }
    #expect(throws: SystemError.self) { try Files.contents(ofNamed: scratch.file("text"), atMost: 9) }
    let error = #expect(throws: SystemError.self) { try Files.contents(ofNamed: "/dev/zero") }
    #expect(error?.description == "open /dev/zero: not a regular file")
    // Its size is 0.
    #expect(throws: SystemError.self) { try Files.contents(ofNamed: "/proc/self/status", atMost: 16) }
  }

  @Test("A replacement takes the place of a file or link only, and leaves all other files alone")
  func replacement() throws {
    let scratch = try TemporaryFolder()
    try #require(mkfifo(scratch.file("pipe"), 0o600) == 0)
    symlink("pipe", scratch.file("link"))
    try #require(mkdir(scratch.file("folder"), 0o700) == 0)
    try scratch.write("text.new", "kept")
    symlink("nowhere", scratch.file("dangling"))
    let names = Set(Files.names(in: scratch.path))
    for name in ["pipe", "link", "folder"] {
      let error = #expect(throws: SystemError.self) { try Files.replace(scratch.file(name), with: "x", mode: 0o600) }
      #expect(error?.code == (name == "folder" ? ErrorCode.isFolder : ErrorCode.notRegular))
    }
    #expect(Set(Files.names(in: scratch.path)) == names)
    for name in ["text", "text", "dangling"] { try Files.replace(scratch.file(name), with: "new", mode: 0o640) }
    var status = stat()
    #expect(lstat(scratch.file("dangling"), &status) == 0 && status.st_mode == S_IFREG | 0o640)
    #expect(Files.line(of: scratch.file("text")) == "new" && Files.line(of: scratch.file("text.new")) == "kept")
    #expect(Set(Files.names(in: scratch.path)) == names.union(["text"]))
  }

  @Test("Links are resolved to the file that they lead to, whether it exists or not")
  func resolved() throws {
    let scratch = try TemporaryFolder()
    let path = try Files.resolved(scratch.file("file"))
    #expect(path.hasSuffix("/file"))
    try #require(mkdir(scratch.file("folder"), 0o700) == 0)
    for (target, link) in [("file", "a"), ("a", "b"), ("../b", "folder/c"), (scratch.file("folder/c"), "d")] {
      symlink(target, scratch.file(link))
      #expect(try Files.resolved(scratch.file(link)) == path)
    }
    try scratch.write("file", "")
    #expect(try Files.resolved(scratch.file("d")) == path)
    symlink("loop", scratch.file("loop"))
    #expect(throws: SystemError.self) { try Files.resolved(scratch.file("loop")) }
    #expect(throws: SystemError.self) { try Files.resolved(scratch.file("none/file")) }
  }

  @Test("A lock is no named pipe")
  func lock() throws {
    let scratch = try TemporaryFolder()
    try #require(mkfifo(scratch.file("pipe"), 0o600) == 0)
    let error = #expect(throws: SystemError.self) { try FileLock(scratch.file("pipe")) }
    #expect(error?.code == ErrorCode.notRegular)
  }

  @Test func conditionWakesAndTimesOut() {
    let condition = Condition(0)
    #expect(condition.wait(atMost: 0) { $0 > 0 ? $0 : nil } == nil)
    Thread.start("test") { condition.update { $0 = 7 } }
    #expect(condition.wait(atMost: 60) { $0 > 0 ? $0 : nil } == 7)
  }
}
