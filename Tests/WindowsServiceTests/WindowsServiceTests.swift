import CWindowsDouble
import Platforms
import SystemIO
import Testing

@testable import WindowsService

/// Serialized, because CWindows's functions report one manager at a time.
@Suite(.serialized) struct WindowsServiceTests {
  private let manager = WindowsServiceManager()

  init() {
    ScriptedServices.current.update { $0 = ScriptedServices() }
  }

  private func failure(_ action: ServiceAction) -> ServiceFailure? {
    do throws(ServiceFailure) {
      _ = try manager.perform(action, options: [])
      return nil
    } catch {
      return error
    }
  }

  @Test func installsWithAQuotedPathAndStarts() throws {
    let lines = try manager.perform(.install, options: ["--port", "9000", "--db", "D:\\agent data\\a.db"])
    let command = #""C:\Program Files\Worker Agent\agent.exe" service run --port 9000 --db "D:\agent data\a.db""#
    #expect(lines.first == "installed: WorkerMonitorAgent runs \(command)")
    #expect(ScriptedServices.current.withState { $0.command } == command)
    #expect(ScriptedServices.current.withState { $0.account } == #"NT SERVICE\WorkerMonitorAgent"#)
    #expect(try manager.perform(.start, options: []) == ["running, pid 4242"])
    #expect(try manager.perform(.status, options: []).first?.hasPrefix("running, pid 4242, account NT SERVICE") == true)
    #expect(try manager.perform(.restart, options: []) == ["stopped", "running, pid 4242"])
    #expect(try manager.perform(.uninstall, options: []) == ["uninstalled"])
    #expect(try manager.perform(.uninstall, options: []) == ["not installed"])
  }

  @Test func whatWindowsRefusesIsAWarning() throws {
    ScriptedServices.current.update { $0.refused = "delayed start, service SID" }
    let lines = try manager.perform(.install, options: [])
    #expect(lines.first == "warning: this Windows refuses: delayed start, service SID")
  }

  @Test func withoutAdministratorRights() {
    ScriptedServices.current.update { $0.errors = ["OpenSCManager": 5] }
    #expect(
      failure(.install)
        == ServiceFailure(
          "install: administrator rights are required (OpenSCManager: Access is denied, error 5)", .forbidden))
  }

  @Test func aServiceThatIsNotInstalled() {
    #expect(failure(.start)?.description == "start: the service is not installed; agent service install installs it")
    #expect(failure(.stop)?.kind == .failed)
    #expect(failure(.status) == ServiceFailure("not installed", .notRunning))
  }

  @Test func aServiceThatFailsToStart() {
    ScriptedServices.current.update {
      $0.command = "agent"
      $0.errors = ["StartService": 1_053]
      $0.exitCode = 64
    }
    #expect(failure(.start)?.description.hasSuffix("in a timely fashion, error 1053") == true)
    #expect(failure(.status)?.description == "stopped, exit code 64, account , command agent")
  }

  @Test func aCommandLineThatIsTooLong() {
    #expect(throws: ServiceFailure.self) {
      try manager.perform(.install, options: [String(repeating: "x", count: 1_000)])
    }
    #expect(ScriptedServices.current.withState { $0.command } == nil)
  }

  @Test func runsOnlyForTheManager() throws {
    #expect(throws: ServiceFailure.self) { try manager.run({ 0 }, stop: {}) }
    ScriptedServices.current.update { $0.startedProcess = true }
    let code = try manager.run({ 7 }, stop: { ScriptedServices.current.update { $0.events.append("stop") } })
    #expect(code == 7)
    manager.log(.warning, "no space left")
    #expect(
      ScriptedServices.current.withState { $0.events } == ["stop", "2 WorkerMonitorAgent: no space left"])
  }

  @Test(
    "Arguments are quoted for CommandLineToArgvW",
    arguments: [
      ("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""), (#"a"b"#, #""a\"b""#),
      (#"C:\dir\"#, #"C:\dir\"#), (#"C:\my dir\"#, #""C:\my dir\\""#), (#"a\\"b c"#, #""a\\\\\"b c""#),
    ]) func quoting(argument: String, text: String)
  {
    #expect(CommandLine.quoted(argument) == text)
  }
}
