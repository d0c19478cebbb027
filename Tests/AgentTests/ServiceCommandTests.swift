import Platforms
import Synchronization
import Testing

@testable import agent

@Suite struct ServiceCommandTests {
  /// Records what the command asks for.
  private final class Manager: ServiceManager {
    let calls = Mutex<[String]>([])

    func perform(_ action: ServiceAction, options: [String]) throws(ServiceFailure) -> [String] {
      calls.withLock { $0.append(([action.rawValue] + options).joined(separator: " ")) }
      if action == .start { throw ServiceFailure("start: administrator rights are required", .forbidden) }
      return []
    }

    func run(_ body: @escaping @Sendable () -> Int32, stop: @escaping @Sendable () -> Void) throws(ServiceFailure)
      -> Int32
    {
      calls.withLock { $0.append("run") }
      return 0
    }

    func log(_ severity: ServiceLogSeverity, _ line: String) {}
  }

  private func message(_ action: String, _ options: [String] = []) -> (message: String?, calls: [String]) {
    let manager = Manager()
    do {
      try ServiceCommand.run(action, options, manager)
      return (nil, manager.calls.withLock { $0 })
    } catch {
      return ("\(error)", manager.calls.withLock { $0 })
    }
  }

  @Test func anInstallationKeepsTheOptions() {
    let result = message("install", ["--port", "9000"])
    #expect(result.message == nil)
    #expect(result.calls == ["install --port 9000"])
    #expect(message("run", ["--port", "9000"]).calls == ["run"])
  }

  @Test func wrongOptionsAreReportedBeforeAnInstallation() {
    for options in [["--port", "x"], ["--tui"], ["--json"], ["--unknown"]] {
      let result = message("install", options)
      #expect(result.message != nil && result.calls.isEmpty, "\(options)")
    }
    #expect(message("stop", ["now"]).message == "service stop: \"now\" is one argument too many")
    #expect(
      message("restrat").message
        == "service: \"restrat\" is not one of install, start, stop, restart, status, uninstall")
  }

  @Test func failuresHaveTheirExitCodes() {
    #expect(ServiceFailure("", .forbidden).exitStatus == 77)
    #expect(ServiceFailure("", .notRunning).exitStatus == 3)
    #expect(ServiceFailure("").exitStatus == 69)
    #expect(message("start").message == "start: administrator rights are required")
  }

  @Test func onLinuxTheCommandNamesTheScript() {
    #expect(Invocation.run(["service", "install"]) == 64)
  }
}
