import SystemIO
import TestSupport
import Testing

/// The real binary on recorded machines: a free port, and the whole JSON compared.
@Suite(.ownThreads) struct EndToEndTests {
  static let machines = Files.names(in: TestPaths.fixtures).filter { !$0.contains(".") }.sorted()

  @Test func thereAreMachines() {
    #expect(Self.machines.count >= 8)
  }

  /// Between the two instants of the recording, through the server.
  @Test(arguments: machines) func latestOfTwoInstants(machine: String) throws {
    let fixture = Fixture(machine)
    let (process, port) = try AgentProcess.serving([
      "--interval", "3600", "--default-alerts", "off", "--root", fixture.root, "--root", try fixture.later(),
    ])
    let answer = try Loopback.get("/metrics/latest", port: port)
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
    try Golden.expect(JSONText.normalised(answer.body) + "\n", is: machine + ".json")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  /// A single instant shows means since boot, by `--once`.
  @Test(arguments: ["vm-1-core", "arm-board"]) func onceOfOneInstant(machine: String) throws {
    let result = try AgentProcess.run(["--once", "--json", "--root", Fixture(machine).root])
    #expect(result.status == 0)
    #expect(result.errors == "")
    try Golden.expect(JSONText.normalised(result.output) + "\n", is: machine + "-since-boot" + ".json")
  }

  @Test func theSpecsMembersAreThereOnThisMachine() throws {
    let (process, port) = try AgentProcess.serving(["--interval", "1", "--history", "5"])
    // The server answers before the first sample is complete; /metrics/latest waits for a sample, /health does not.
    let latest = try Loopback.get("/metrics/latest", port: port).body
    #expect(try Loopback.get("/health", port: port).body.hasPrefix(#"{"status":"ok","sample_age_sec":"#))
    for member in [
      #"{"timestamp":"20"#, #""cpu":{"model":""#, #""cores":"#, #""threads":"#, #""usage":"#, #""ram":{"total_mb":"#,
      #""used_mb":"#, #""free_mb":"#,
    ] {
      #expect(latest.end(of: member) != nil, "\(member)")
    }
    let history = try Loopback.get("/metrics/history?seconds=5", port: port).body
    #expect(history.hasPrefix(#"{"interval_sec":1,"samples":[{"timestamp":""#))
    #expect(try Loopback.get("/metrics/history?seconds=0", port: port).status == 400)
    #expect(try Loopback.get("/nowhere", port: port).status == 404)
    let root = try Loopback.get("/", port: port)
    #expect((301...308).contains(root.status) && root.headers["location"] == "/ui/")
    #expect(try Loopback.get("/ui/", port: port).headers["content-type"] == "text/html; charset=utf-8")
    process.signal(SIGINT)
    #expect(process.wait() == 0)
  }

  @Test func aPortInUseIsReportedInOneLine() throws {
    let (process, port) = try AgentProcess.serving(["--interval", "3600"])
    let result = try AgentProcess.run(["--serve", "--port", String(port)])
    #expect(result.status == 69)
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.errors.end(of: ":\(port)") != nil && result.errors.end(of: "in use") != nil, "\(result.errors)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test(arguments: [
    (["--port", "99999"], "--port: invalid value \"99999\": "),
    (["--interval", "0.5"], "--interval: invalid value \"0.5\""),
    (["--history", "0"], "--history: invalid value \"0\""), (["--history", "-5"], "--history: invalid value \"-5\""),
    (["--log-level", "loud"], "--log-level: invalid value \"loud\""),
    (["--once", "--tui"], "--once"), (["--json"], "--json"),
    (["--root", "/nowhere"], "--root: invalid value \"/nowhere\""),
    (["--tui", "--theme", "pink"], "--theme: invalid value \"pink\": must be one of calm"),
    (["--tui", "--layout", "x"], "--layout: invalid value \"x\": must be"),
    (["--tui", "--set", "a=b"], "--set: invalid value \"a=b\": "),
    (["--nonsense"], "--nonsense"), (["surplus"], "surplus"), (["--host", "999.1.1.1.1", "--insecure"], "999.1.1.1.1"),
    (["--interval", "9", "--host", "0.0.0.0"], "--host: invalid value \"0.0.0.0\""),
  ]) func wrongUseIsEXUSAGE(arguments: [String], named: String) throws {
    let result = try AgentProcess.run(arguments)
    #expect(result.status == (arguments[0] == "--host" ? 69 : 64))
    #expect(result.output == "")
    #expect(result.errors.end(of: named) != nil, "\(result.errors)")
  }

  @Test func wrongVariablesAreEXUSAGE() throws {
    let result = try AgentProcess.run(["--serve"], environment: ["INTERVAL_SEC": "soon"])
    #expect(result.status == 64)
    #expect(
      result.errors
        == "agent: INTERVAL_SEC: invalid value \"soon\": must be an integer from 1 to 86400\n")
  }

  @Test func versionAndHelp() throws {
    let version = try AgentProcess.run(["--version"])
    #expect(version.status == 0 && version.output.split(separator: ".").count == 3)
    let help = try AgentProcess.run(["--help"])
    #expect(help.status == 0)
    for flag in ["--tui", "--serve", "--once", "--port", "--host", "--interval", "--history", "--log-level", "--root"] {
      #expect(help.output.end(of: flag) != nil, "\(flag)")
    }
  }

  @Test func onceIsReadable() throws {
    let result = try AgentProcess.run(["--once", "--root", Fixture("vm-1-core").root])
    #expect(result.status == 0)
    for text in ["cpu\n", "ram\n", "disks\n", "usage"] { #expect(result.output.end(of: text) != nil, "\(text)") }
  }

  @Test func aReaderThatHasEnoughIsNoCrash() throws {
    let process = try AgentProcess(["--once", "--json"])
    process.closeOutput()
    #expect(process.wait() == 0)
  }
}
