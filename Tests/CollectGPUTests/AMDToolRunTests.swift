import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU

/// Child processes, by scripts that stand for the vendors' tools.
@Suite(.ownThreads) struct AMDToolRunTests {
  /// The shell is what runs: a script of the test's own could not be while another thread's child, between fork and
  /// exec, still holds it open for writing (ETXTBSY).
  private func run(
    _ script: String, as name: String = "tool", deadline: Double = 60, limit: Int = 1 << 20
  ) throws -> String {
    let arguments = ["-c", script, name, "one", "two words"]
    return String(decoding: try Tool.run("/bin/sh", arguments, deadline: deadline, limit: limit), as: UTF8.self)
  }

  @Test func whatAToolPrints() throws {
    #expect(try run(#"printf '%s|' "$@"; printf '%s' "$LC_ALL"; echo noise >&2; cat"#) == "one|two words|C")
  }

  @Test func aFailureIsAnError() {
    #expect(throws: CollectorError("sh: exit status 3")) { try run("echo text; exit 3") }
    #expect(throws: CollectorError("sh: ended by signal 15")) { try run("kill -TERM $$") }
    #expect(throws: CollectorError.self) { try Tool.run("/nowhere/tool", []) }
  }

  @Test func aToolThatHangsIsKilledWithItsChildren() throws {
    // The grandchild holds the tool's output, and a pipe by which its end is seen.
    let pipe = try Fixture(files: ["x": ""]).root + "/pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    let descriptor = open(pipe, O_RDONLY | O_NONBLOCK)
    defer { close(descriptor) }
    #expect(throws: CollectorError("sh: no answer in time")) {
      try run("sleep 600 3> \"$0\" & wait", as: pipe, deadline: 1)
    }
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&request, 1, 60_000) == 1)
    #expect(Int32(request.revents) & POLLHUP != 0)
  }

  @Test func aToolThatClosesItsOutputAndHangsIsKilled() {
    #expect(throws: CollectorError("sh: no answer in time")) { try run("exec >&-; exec sleep 600", deadline: 0.5) }
  }

  @Test func aToolThatPrintsWithoutEndIsKilled() {
    #expect(throws: CollectorError("sh: more than 100000 bytes")) {
      try run("while :; do echo 0123456789012345678901234567890123456789; done", limit: 100_000)
    }
  }

  @Test func toolsAreFoundInTheOrderOfTheFolders() throws {
    let fixture = try Fixture(files: ["a/tool": "", "b/tool": "", "c/tool": ""])
    chmod(fixture.root + "/b/tool", 0o755)
    chmod(fixture.root + "/c/tool", 0o755)
    let folders = ["", "relative"] + ["a", "b", "c"].map { fixture.root + "/" + $0 }
    #expect(Tool.find("tool", in: folders) == fixture.root + "/b/tool")
    #expect(Tool.find("other", in: folders) == nil)
  }
}
