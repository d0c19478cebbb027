import Collect
import Glibc
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

/// Child processes, with scripts in place of the vendors' tools.
@Suite(.ownThreads) struct AMDToolRunTests {
  /// Runs a script with the shell: a script file of the test could not be executed while another thread's child,
  /// between fork and exec, still holds it open for writing (ETXTBSY).
  private func run(
    _ script: String, as name: String = "tool", deadline: Double = 60, limit: Int = 1 << 20
  ) throws -> (text: String, failure: String?) {
    let arguments = ["-c", script, name, "one", "two words"]
    let output = try Tool.run("/bin/sh", arguments, deadline: deadline, limit: limit)
    return (String(decoding: output.text, as: UTF8.self), output.failure?.description)
  }

  @Test func outputOfATool() throws {
    let output = try run(#"printf '%s|' "$@"; printf '%s' "$LC_ALL"; echo noise >&2; cat"#)
    #expect(output == ("one|two words|C", nil))
  }

  @Test("As root or a service, a tool gets no variable of the agent's, and PATH does not choose it")
  func privilegedEnvironment() {
    let privileged = Tool.environment(isPrivileged: true)
    #expect(privileged == ["PATH=" + GPUEnvironment.trustedFolders.joined(separator: ":"), "LC_ALL=C"])
    #expect(
      GPUEnvironment.trustedFolders.allSatisfy { $0.hasPrefix("/") && !$0.hasPrefix("/tmp") && !$0.hasPrefix("/home") })
    let names = Tool.environment(isPrivileged: false).map { $0.prefix { $0 != "=" } }
    #expect(Set(names).isSubset(of: ["PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "ROCM_PATH", "LC_ALL"]))
    if geteuid() == 0 { #expect(ProcessSettings.isPrivileged) }
  }

  /// The caller judges by the content; the failure has the first line of the tool's errors.
  @Test func aFailureComesWithTheOutput() throws {
    #expect(try run("echo '{}'; exit 3") == ("{}\n", "sh: exit status 3"))
    #expect(try run("echo '{}'; echo; kill -TERM $$") == ("{}\n\n", "sh: ended by signal 15"))
    #expect(try run("echo No devices were found; exit 6").failure == "sh: exit status 6: No devices were found")
    #expect(
      try run("echo '{}'; echo; echo 'ERROR: no permission' >&2; echo more >&2; exit 1").failure
        == "sh: exit status 1: ERROR: no permission")
    // A Python traceback ends with its error.
    #expect(
      try run(#"printf 'Traceback (most recent call last):\n  File "x"\nPermissionError: 13\n' >&2; exit 1"#).failure
        == "sh: exit status 1: PermissionError: 13")
    #expect(throws: CollectorError.self) { try Tool.run("/nowhere/tool", []) }
  }

  @Test func muchErrorOutputDoesNotBlock() throws {
    let output = try run(
      "i=0; while [ $i -lt 4000 ]; do echo 'a line of an error, of some length' >&2; i=$((i+1)); done; echo x")
    #expect(output == ("x\n", nil))
    // Messages are shortened and stripped of control characters.
    let long = try run(#"printf '\033[31m%0300d\n' 1 >&2; exit 1"#).failure ?? ""
    #expect(long.hasPrefix("sh: exit status 1: [31m000") && long.hasSuffix("…") && long.count < 150)
  }

  @Test func aToolThatHangsIsKilledWithItsChildren() throws {
    // The grandchild holds the tool's output, and a pipe that shows its end.
    let pipe = try Fixture(files: ["x": ""]).root + "/pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    let descriptor = open(pipe, O_RDONLY | O_NONBLOCK)
    defer { close(descriptor) }
    let output = try run("echo '{}'; sleep 600 3> \"$0\" & wait", as: pipe, deadline: 1)
    #expect(output == ("{}\n", "sh: no answer in time"))
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&request, 1, 60_000) == 1)
    #expect(Int32(request.revents) & POLLHUP != 0)
  }

  @Test func aToolThatClosesItsOutputAndHangsIsKilled() throws {
    #expect(try run("exec >&-; exec sleep 600", deadline: 0.5).failure == "sh: no answer in time")
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
