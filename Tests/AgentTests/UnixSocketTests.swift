import AgentMetrics
import ArgumentParser
import Glibc
import Remote
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import agent

/// The real binary on a Unix socket.
@Suite(.ownThreads) struct UnixSocketTests {
  private func comes(_ isThere: () -> Bool) async -> Bool {
    let end = Clock.monotonic + 300
    while Clock.monotonic < end {
      if isThere() { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return isThere()
  }

  @Test("A client of the socket needs no token; the socket is for owner and group, and goes with the agent")
  func socket() async throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "s3cret\n")
    let path = folder.file("agent.sock")
    let words = ["--interval", "1", "--token-file", folder.file("token"), "--listen", "unix:" + path]
    let (process, port) = try AgentProcess.serving(words)
    let machine = try RemoteMachine("unix:" + path, capacity: 10)
    let stranger = try RemoteMachine("127.0.0.1:\(port)", capacity: 10)
    let tasks = [machine, stranger].map { machine in Task.detached { await machine.run() } }
    defer { for task in tasks { task.cancel() } }
    #expect(await comes { machine.history.latest != nil && stranger.state.isRefused })
    #expect(try await machine.processes().processes.contains { $0.command != nil })
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o660 && status.st_mode & S_IFMT == S_IFSOCK)
    // A second agent does not take it.
    let second = try AgentProcess.run(["--port", "0", "--listen", "unix:" + path])
    #expect(second.status == 69 && second.errors.contains("another agent listens there"), "\(second.errors)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    #expect(!Files.exists(path))
  }

  @Test(
    "A group to which the user does not belong is named in one line", .enabled(if: Program.path(of: "setpriv") != nil))
  func group() throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o777)
    let path = folder.file("agent.sock")
    let words = ["--port", "0", "--demo", "--listen", "unix:\(path),group=4711"]
    let setpriv = try #require(Program.path(of: "setpriv"))
    let launcher = geteuid() == 0 ? [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"] : []
    let result = try AgentProcess.run(words, launcher: launcher)
    let lines = result.errors.split(separator: "\n").filter { !$0.contains("listening on") }
    #expect(result.status == 69 && lines.count == 1 && !Files.exists(path), "\(result)")
    #expect(lines.first?.contains("cannot be given to the group 4711") == true, "\(result)")
    let other = try AgentProcess.run(["--listen", "unix:\(path),group=no-such-group"])
    #expect(other.errors.hasSuffix(": there is no group \"no-such-group\"\n"), "\(other)")
  }

  @Test("The socket of a killed agent is replaced; another file is not")
  func replaced() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("agent.sock")
    let words = ["--interval", "1", "--listen", "unix:" + path + ",mode=0600"]
    let (killed, _) = try AgentProcess.serving(words)
    // The other server's line may come first.
    #expect(eventually { Files.exists(path) })
    killed.signal(SIGKILL)
    _ = killed.wait()
    let (process, _) = try AgentProcess.serving(words)
    #expect(
      eventually {
        var status = stat(); return lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600
      })
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    try folder.write("agent.sock", "kept")
    let result = try AgentProcess.run(["--port", "0", "--listen", "unix:" + path])
    #expect(result.status == 69 && Files.line(of: path) == "kept", "\(result.errors)")
  }

  @Test("agent status and agent doctor reach a daemon by its socket alone, without a token")
  func status() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "s3cret\n")
    let path = folder.file("agent.sock")
    // Other machines' port, which the settings of the caller do not name.
    let (process, _) = try AgentProcess.serving(
      ["--interval", "3600", "--demo", "--history", "2", "--token-file", folder.file("token")]
        + ["--listen", "unix:" + path])
    #expect(eventually { Files.exists(path) })
    try folder.write("agent.conf", "LISTEN=unix:\(path),mode=0600\nPORT=0\nTOKEN_FILE=/nowhere\n")
    for arguments in [["--config", folder.file("agent.conf")], ["--connect", "unix:" + path]] {
      let result = try AgentProcess.status(arguments)
      #expect(result.status == 0 && result.output.hasPrefix("agent    0.1.0, up "), "\(result)")
      #expect(result.output.end(of: ", unix:\(path)\n") != nil && result.output.end(of: "note ") == nil)
    }
    let doctor = try AgentProcess.run(["doctor", "--connect", "unix:" + path])
    #expect(doctor.output.end(of: "ok       port      an agent answers at unix:\(path)\n") != nil, "\(doctor.output)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("A dashboard finds the daemon by the settings of the service, in order of preference")
  func access() throws {
    let folder = try TemporaryFolder()
    try folder.write("agent.sock", "")
    try folder.write("server.pem", "")
    func addresses(_ lines: [String], _ words: [String] = []) throws -> [String] {
      try folder.write("agent.conf", lines.joined(separator: "\n") + "\n")
      let options = try Agent.parse(["--tui", "--config", folder.file("agent.conf")] + words)
      return options.daemonAccess()?.addresses.map(\.text) ?? []
    }
    let socket = "unix:" + folder.file("agent.sock")
    #expect(try addresses(["LISTEN=\(socket),mode=0600", "PORT=9000"]) == [socket, "http://127.0.0.1:9000"])
    #expect(try addresses(["LISTEN=unix:/nowhere/a.sock", "PORT=9000"]) == ["http://127.0.0.1:9000"])
    #expect(try addresses(["HOST=0.0.0.0", "PORT=9000"], ["--port", "9001"]) == ["http://127.0.0.1:9001"])
    #expect(try addresses(["HOST=::", "TLS_CERT=\(folder.file("server.pem"))"]) == ["https://[::1]:8080"])
    // A token file of another user is not a reason to give up.
    #expect(try addresses(["HOST=10.0.0.1", "TOKEN_FILE=/nowhere"]) == ["http://10.0.0.1:8080"])
    #expect(try addresses(["HOST="]) == ["http://127.0.0.1:8080"])
    #expect(try addresses(["nonsense"]) == ["http://127.0.0.1:8080"])
  }
}
