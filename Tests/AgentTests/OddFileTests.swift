import Glibc
import SystemIO
import TestSupport
import Testing

/// The real binary with named pipes, links and devices in the place of files.
@Suite(.ownThreads) struct OddFileTests {
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
