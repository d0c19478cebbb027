import Glibc
import SystemIO
import TestSupport
import Testing

/// The real binary with named pipes, links and devices in the place of files.
@Suite(.ownThreads) struct OddFileTests {
  /// A folder with the named pipe `pipe` and the text file `text`.
  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try #require(mkfifo(folder.file("pipe"), 0o600) == 0)
    try folder.write("text", "a text\n")
    return folder
  }

  /// Runs the agent for a minute at most.
  private static func run(_ arguments: [String]) throws -> Program.Result {
    let limit = try #require(Program.path(of: "timeout"))
    return try AgentProcess.run(arguments, launcher: [limit, "--signal=KILL", "60"])
  }

  @Test(
    "A named pipe in the place of a file is refused in one line, not waited for",
    arguments: [
      (["export", "--db"], 69), (["report", "--db"], 69), (["import", "--db"], 69), (["--serve", "--config"], 64),
      (["--tui", "--hosts-file"], 64), (["--serve", "--port", "0", "--token-file"], 64),
      (["--tui", "--connect", "https://127.0.0.1:1", "--connect-ca-file"], 64),
      (["config", "check", "--config"], 64),
    ] as [([String], Int32)])
  func namedPipe(arguments: [String], status: Int32) throws {
    let folder = try Self.folder()
    let result = try Self.run(arguments + [folder.file("pipe")])
    #expect(result.status == status, "\(result)")
    #expect(result.errors.split(separator: "\n").count == 1 && result.errors.end(of: folder.file("pipe")) != nil)
  }

  @Test("A named pipe in the place of a certificate, key or CA is refused, not waited for")
  func certificates() throws {
    let folder = try Self.folder()
    for name in ["--tls-cert", "--tls-key", "--tls-client-ca"] {
      var files = ["--tls-cert": folder.file("text"), "--tls-key": folder.file("text")]
      files[name] = folder.file("pipe")
      let result = try Self.run(["--serve", "--port", "0"] + files.sorted { $0.key < $1.key }.flatMap { [$0, $1] })
      #expect(result.status == 64 && result.errors.split(separator: "\n").count == 1, "\(result)")
    }
  }

  @Test("agent doctor names a named pipe in the place of the archive, and writes no support archive into one")
  func doctor() throws {
    let folder = try Self.folder()
    let pipe = folder.file("pipe")
    try folder.write("agent.conf", "PORT=\(try Loopback.freePort())\nDB_PATH=\(pipe)\n")
    try folder.write("pipe.new", "kept")
    symlink(pipe, folder.file("link"))
    for name in ["pipe", "link"] {
      let result = try Self.run(["doctor", "--config", folder.file("agent.conf"), "--bundle", folder.file(name)])
      #expect(result.status == 69 && result.errors.end(of: "\(folder.file(name)): not a regular file\n") != nil)
      #expect(result.output.end(of: "problem  archive   \(pipe): it cannot be opened (not a regular file)") != nil)
      var status = stat()
      #expect(stat(folder.file(name), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }
    #expect(Set(Files.names(in: folder.path)) == ["pipe", "text", "agent.conf", "pipe.new", "link"])
    #expect(Files.line(of: folder.file("pipe.new")) == "kept")
  }

  @Test("Closed standard streams are not the numbers of files, and no file is made for other users")
  func closedStreams() throws {
    let folder = try TemporaryFolder()
    let shell = try #require(Program.path(of: "sh"))
    let (socket, archive) = (folder.file("agent.sock"), folder.file("a.db"))
    let process = try AgentProcess(
      ["--serve", "--port", "0", "--interval", "1", "--db", archive, "--listen", "unix:" + socket],
      launcher: [shell, "-c", "umask 0; exec \"$0\" \"$@\" <&- >&- 2>&-"])
    #expect(eventually { Files.exists(socket) && Files.exists(archive + "-lock") })
    for stream in 0...2 { #expect(Files.link("/proc/\(process.pid)/fd/\(stream)") == "/dev/null") }
    let state = String(decoding: try Files.contents(of: "/proc/\(process.pid)/status"), as: UTF8.self)
    // Between bind(2) and chmod(2) the socket has no more permissions than that.
    #expect(state.end(of: "\nUmask:\t0077\n") != nil)
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    #expect(try Files.contents(of: archive + "-lock").isEmpty)
  }
}
