import AgentMetrics
import Glibc
import SystemIO
import TestSupport
import Testing

/// A database written by the version before is opened, read and continued by the real binary.
///
/// The golden is that version's export of the same file; RECORD_GOLDENS must not replace it.
@Suite(.ownThreads) struct EarlierArchiveTests {
  private func copy(to folder: TemporaryFolder) throws -> String {
    let path = folder.file("history.db")
    let bytes = try Files.contents(of: TestPaths.fixtures + "/archive-1.db")
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    try #require(count == bytes.count)
    return path
  }

  private func export(_ path: String, _ arguments: [String]) throws -> String {
    let result = try AgentProcess.run(["export", "--db", path] + arguments)
    #expect(result.status == 0 && result.errors == "")
    return String(String.UnicodeScalarView(result.output.unicodeScalars.filter { $0 != "\r" }))
  }

  /// Rows with a value: where a gap begins depends on the interval of the last writer.
  private func values(_ csv: String) -> [Substring] {
    csv.split(separator: "\n").filter { !$0.hasSuffix(",") }
  }

  @Test func itIsReadAsByTheVersionThatWroteIt() throws {
    let folder = try TemporaryFolder()
    let path = try copy(to: folder)
    let metrics = [
      "cpu.usage", "ram.used_mb", "disks.read_bytes_total", "disks.busy", "networks.receive_bytes_total", "gpus.util",
      "temperatures.celsius", "agent.sources.success",
    ]
    let steps = try export(path, ["--metrics", metrics.joined(separator: ","), "--step", "300"])
    try Golden.expect(steps + export(path, ["--metrics", "cpu.usage,ram.used_mb"]), is: "archive-1.csv")
    // Texts, and lists that are no series.
    let first = try export(path, ["--format", "json", "--to", "2024-02-05T06:01:00Z"])
    #expect(
      first.contains("\"model\":\"Intel Xeon Processor (Skylake, IBRS)\"") && first.contains("\"top\":[{\"pid\":"))
    let last = try export(path, ["--format", "json", "--from", "2024-02-05T09:05:00Z"])
    #expect(last.contains("\"vendor\":\"nvidia\""))
  }

  @Test func itIsContinued() throws {
    let folder = try TemporaryFolder()
    let path = try copy(to: folder)
    let early = ["--metrics", "cpu.usage", "--to", "2024-02-05T09:06:00Z"]
    let before = try export(path, early)
    let (process, port) = try AgentProcess.serving([
      "--root", Fixture("vm-1-core").root, "--interval", "1", "--db", path, "--retention", "1000y,1000y,1000y",
    ])
    let range = "/metrics/history?from=2024-02-05T06:00:00Z&to=2024-02-05T06:10:00Z"
    let bytes = try Loopback.get(range, port: port).bytes
    let samples = JSONValue(bytes.span)?["samples"]?.elements ?? []
    #expect(samples.count == 21 && samples.allSatisfy { $0["cpu"]?["usage"]?.number == 0.6876 })
    // A new sample is in the file.
    let end = try #require(Timestamp(rfc3339: "2024-02-06T00:00:00Z"))
    var newest = Timestamp(seconds: 0)
    while newest < end {
      usleep(100_000)
      let bytes = try Loopback.get("/health", port: port).bytes
      let archive = JSONValue(bytes.span)?["archive"]
      #expect(archive?["status"]?.text == "ok")
      if let time = archive?["newest"]?.text.flatMap(Timestamp.init(rfc3339:)) { newest = time }
    }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    #expect(try values(export(path, early)) == values(before))
    let late = try export(path, ["--metrics", "cpu.usage", "--from", Timestamp(seconds: newest.seconds - 60).rfc3339])
    #expect(late.contains("\n" + newest.rfc3339 + ",0.2328"))
  }
}
