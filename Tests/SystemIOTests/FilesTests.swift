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

  @Test func conditionWakesAndTimesOut() {
    let condition = Condition(0)
    #expect(condition.wait(atMost: 0) { $0 > 0 ? $0 : nil } == nil)
    Thread.start("test") { condition.update { $0 = 7 } }
    #expect(condition.wait(atMost: 60) { $0 > 0 ? $0 : nil } == 7)
  }
}
