import AgentMetrics
import SystemIO
import TestSupport
import Testing

/// `--db` of the real binary: history after a restart, and errors of an unusable file.
@Suite(.ownThreads) struct ArchiveEndToEndTests {
  /// Timestamps of all samples of a server, in the order of the response.
  private static func timestamps(_ port: UInt16) throws -> [Double] {
    let bytes = try Loopback.get("/metrics/history?seconds=3600", port: port).bytes
    let history = JSONValue(bytes.span)
    return (history?["samples"]?.elements ?? []).compactMap {
      $0["timestamp"]?.text.flatMap(Timestamp.init(rfc3339:))?.seconds
    }
  }

  /// `/health`, and the archive's part of it.
  private static func health(_ port: UInt16) throws -> (text: String, archive: JSONValue?) {
    let bytes = try Loopback.get("/health", port: port).bytes
    let health = JSONValue(bytes.span)
    return (String(decoding: bytes, as: UTF8.self), health?["archive"])
  }

  /// The agent is healthy, and its archive is not, with a reason.
  private static func expectFailure(_ port: UInt16) throws {
    let (text, archive) = try health(port)
    #expect(text.hasPrefix(#"{"status":"ok","archive":{"status":"failing","#), "\(text)")
    #expect(archive?["error"]?.text?.isEmpty == false)
  }

  private static func serve(_ path: String, launcher: [String] = []) throws -> (process: AgentProcess, port: UInt16) {
    try AgentProcess.serving(["--interval", "1", "--db", path], launcher: launcher)
  }

  /// Waits until `count` samples are available.
  private static func samples(_ count: Int, _ port: UInt16) throws -> [Double] {
    var timestamps = try timestamps(port)
    while timestamps.count < count {
      usleep(100_000)
      timestamps = try Self.timestamps(port)
    }
    return timestamps
  }

  @Test func aRestartGoesOnWithThePast() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let (first, firstPort) = try Self.serve(path)
    let before = try Self.samples(3, firstPort)
    first.signal(SIGTERM)
    #expect(first.wait() == 0)
    let (second, port) = try Self.serve(path)
    // The ring buffer is filled before the first response.
    let after = try Self.samples(before.count + 1, port)
    #expect(Array(after.prefix(before.count)) == before)
    #expect(zip(after, after.dropFirst()).allSatisfy { $0 < $1 })
    let (text, archive) = try Self.health(port)
    #expect(text.hasPrefix(#"{"status":"ok","archive":{"status":"ok","#))
    #expect(archive?["oldest"]?.text.flatMap(Timestamp.init(rfc3339:))?.seconds == before.first)
    second.signal(SIGTERM)
    #expect(second.wait() == 0)
  }

  /// Another program's file passed to --db by mistake.
  @Test func aFileThatIsNotADatabaseIsLeftUnchanged() throws {
    let folder = try TemporaryFolder()
    let text = String(repeating: "no database at all\n", count: 100)
    try folder.write("history.db", text)
    let (process, port) = try Self.serve(folder.file("history.db"))
    _ = try Self.samples(2, port)
    try Self.expectFailure(port)
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    #expect(String(decoding: try Files.contents(of: folder.file("history.db")), as: UTF8.self) == text)
  }

  @Test func aSecondAgentOnTheSameFileServesFromMemoryAndReportsIt() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let (first, firstPort) = try Self.serve(path)
    _ = try Self.samples(2, firstPort)
    let (second, port) = try Self.serve(path)
    _ = try Self.samples(2, port)
    try Self.expectFailure(port)
    #expect(try Self.health(firstPort).archive?["status"]?.text == "ok")
    for process in [first, second] {
      process.signal(SIGTERM)
      #expect(process.wait() == 0)
    }
  }

  /// A folder without write permission.
  ///
  /// Root may write everywhere unless it drops that capability.
  @Test func aReadOnlyFolder() throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o555)
    let launcher = geteuid() == 0 ? ["/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"] : []
    let (process, port) = try Self.serve(folder.file("history.db"), launcher: launcher)
    _ = try Self.samples(2, port)
    try Self.expectFailure(port)
    #expect(try Self.health(port).archive?["error"]?.text?.contains("folder cannot be written to") == true)
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  /// A missing folder, for root as well.
  @Test func aFolderThatIsNotThere() throws {
    let folder = try TemporaryFolder()
    let (process, port) = try Self.serve(folder.file("missing/history.db"))
    _ = try Self.samples(2, port)
    try Self.expectFailure(port)
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }
}
