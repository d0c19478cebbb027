import AgentMetrics
import Glibc
import Remote
import SampleStore
import SystemIO
import TestSupport
import Testing

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
}
