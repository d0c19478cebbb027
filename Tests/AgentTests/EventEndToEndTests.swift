import AgentMetrics
import SystemIO
import TestSupport
import Testing

/// Events of the real binary.
@Suite(.ownThreads) struct EventEndToEndTests {
  private func serve(_ path: String) throws -> (process: AgentProcess, port: UInt16) {
    try AgentProcess.serving([
      "--root", Fixture("vm-1-core").root, "--interval", "1", "--default-alerts", "off", "--alert",
      "always: ram.total_mb > 1", "--db", path,
    ])
  }

  private func events(_ port: UInt16, _ query: String = "") throws -> [JSONValue] {
    let bytes = try Loopback.get("/events" + query, port: port).bytes
    return JSONValue(bytes.span)?["events"]?.elements ?? []
  }

  /// Waits until there is an event of a kind.
  private func wait(for kind: String, _ port: UInt16) throws -> Bool {
    try eventually {
      try !events(port, "?kind=" + kind).isEmpty
    } after: {
      usleep(50_000)
    }
  }

  @Test func aKilledAgentsEventsAndItsRestart() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let (first, port) = try serve(path)
    let count = try Loopback.get("/metrics", port: port).body
    #expect(count.contains("\nagent_events_total{kind=\"reboot\"} 0\n"))
    let isStored = try eventually {
      try Loopback.get("/health", port: port).body.contains("\"oldest\":\"")
    } after: {
      usleep(50_000)
    }
    #expect(isStored)
    first.signal(SIGKILL)
    _ = first.wait()
    let (second, secondPort) = try serve(path)
    #expect(try wait(for: "agent_restart", secondPort))
    let event = try #require(try events(secondPort, "?kind=agent_restart").first)
    #expect(event["severity"]?.text == "info" && event["text"]?.text?.hasPrefix("agent restarted") == true)
    #expect(try events(secondPort, "?kind=reboot").isEmpty)
    second.signal(SIGTERM)
    #expect(second.wait() == 0)
    // The archive has it.
    let (third, thirdPort) = try serve(path)
    #expect(try events(thirdPort, "?kind=agent_restart").contains { $0["time"]?.text == event["time"]?.text })
    third.signal(SIGTERM)
    #expect(third.wait() == 0)
    let report = try AgentProcess.run(["report", "--db", path])
    #expect(report.output.contains("\nEvents\n") && report.output.contains("  info      agent restarted"))
    for format in ["text", "markdown"] {
      let gpus = try AgentProcess.run(["report", "--db", path, "--of", "gpu", "--format", format])
      #expect(gpus.output.contains("GPU time by workload: no GPUs that report it\n") && !gpus.output.contains("SHARE"))
    }
    let json = try AgentProcess.run(["report", "--db", path, "--format", "json"])
    #expect(json.output.contains(#""kind":"agent_restart""#))
    let markdown = try AgentProcess.run(["report", "--db", path, "--format", "markdown"])
    #expect(markdown.output.contains("| TIME | SEVERITY | EVENT |\n"))
  }
}
