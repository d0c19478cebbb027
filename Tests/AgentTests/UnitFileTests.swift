import SystemIO
import TestSupport
import Testing

/// The unit file and its drop-in, as systemd reads them; and the real binary as its service.
@Suite(.ownThreads) struct UnitFileTests {
  private static let analyze = Program.path(of: "systemd-analyze")
  private static let unit = TestPaths.repository + "/scripts/agent.service"

  @Test(
    "systemd rates the unit's exposure at 1.7 or less, with and without GPUs",
    .enabled(if: analyze != nil, "systemd-analyze is not installed"), arguments: [false, true])
  func exposure(hasGPUs: Bool) throws {
    let folder = try TemporaryFolder()
    try folder.write("agent.service", try StructureTests.text(of: Self.unit))
    if hasGPUs {
      mkdir(folder.file("agent.service.d"), 0o755)
      try folder.write("agent.service.d/gpu.conf", try StructureTests.text(of: Self.unit + ".d/gpu.conf"))
    }
    let path = try #require(Self.analyze)
    let arguments = ["security", "--offline=true", "--no-pager", "--threshold=17", folder.file("agent.service")]
    let result = try Program.run(path, arguments)
    // Older versions cannot read a file.
    if result.errors.end(of: "unrecognized option") != nil { return }
    #expect(result.status == 0, "\(result.output.split(separator: "\n").last ?? "") \(result.errors)")
  }

  @Test("A service reports that it is ready, its signs of life and its stop")
  func notifications() throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(folder.file("notify"))
    // An interval far above the watchdog's, which the sampler must keep between two ticks.
    let (process, port) = try AgentProcess.serving(
      ["--interval", "3600", "--demo", "--history", "2"],
      environment: ["NOTIFY_SOCKET": folder.file("notify"), "WATCHDOG_USEC": "200000"])
    var message = ""
    while !message.hasPrefix("READY=1") { message = try #require(socket.next()) }
    #expect(message.hasPrefix("READY=1\nSTATUS=listening on http://127.0.0.1:\(port)"), "\(message)")
    for _ in 0..<3 { #expect(socket.next() == "WATCHDOG=1") }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    var last = ""
    while last != "STOPPING=1" { last = try #require(socket.next()) }
  }

  @Test("Without a service manager no message is sent")
  func withoutManager() throws {
    let (process, _) = try AgentProcess.serving(
      ["--interval", "3600", "--demo", "--history", "2"], environment: ["WATCHDOG_USEC": "200000"])
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }
}
