import ArgumentParser
import Logging
import Platforms
import Synchronization
import SystemIO

/// `agent service`: the agent as a Windows service.
struct ServiceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "service",
    abstract: "On Windows: install, start, stop, restart, show or uninstall the service WorkerMonitorAgent.",
    usage: """
      agent service install [<options of the agent>]
      agent service start|stop|restart|status|uninstall
      """,
    discussion: "The options of an installation are those with which the service runs, such as --port 9000.")

  /// Word by which the service control manager runs the program.
  private static let runWord = "run"

  @Argument(help: "install, start, stop, restart, status or uninstall.") var action: String
  @Argument(parsing: .captureForPassthrough, help: .hidden) var options: [String] = []

  func run() throws {
    guard let services = platform.services else {
      throw UsageError(description: "service is for Windows; on Linux scripts/install makes a systemd service")
    }
    try Self.run(action, options, services)
  }

  /// Performs an action by a manager of services.
  static func run(_ action: String, _ options: [String], _ services: any ServiceManager) throws {
    if action == runWord { return try runService(options, services) }
    guard let known = ServiceAction(rawValue: action) else {
      let allowed = ServiceAction.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError(description: "service: \"\(action)\" is not one of \(allowed)")
    }
    if known == .install {
      // A wrong option is reported now rather than at each start.
      try Agent.parse(options).checkService()
    } else if let option = options.first {
      throw UsageError(description: "service \(action): \"\(option)\" is one argument too many")
    }
    for line in try services.perform(known, options: options) {
      let isWarning = line.hasPrefix("warning: ")
      StandardStreams.write((isWarning ? "agent: " : "") + line + "\n", to: isWarning ? 2 : 1)
    }
  }

  private static func runService(_ options: [String], _ services: any ServiceManager) throws {
    // Before the settings are read: the manager ends services that answer late.
    let code = try services.run(
      {
        ServiceLog.write = { services.log($0, $1) }
        return Invocation.run(options)
      }, stop: { Signals.sendSelf(Signals.terminate) })
    if code != 0 { throw ExitCode(code) }
  }
}

/// The system's log of services, for messages that a service has no standard error for.
enum ServiceLog {
  typealias Writer = @Sendable (ServiceLogSeverity, String) -> Void

  private static let writer = Mutex<Writer?>(nil)

  /// Writes a line; nil where the program is not a service.
  static var write: Writer? {
    get { writer.withLock { $0 } }
    set { writer.withLock { $0 = newValue } }
  }
}

extension ServiceLogSeverity {
  /// The severity of a line of the agent's log; nil for lines that the system's log is not for.
  init?(_ level: Logger.Level) {
    switch level {
    case .trace, .debug: return nil
    case .info, .notice: self = .information
    case .warning: self = .warning
    case .error, .critical: self = .error
    }
  }
}

extension ServiceFailure: UserError {
  /// EX_NOPERM, the LSB's status 3, EX_UNAVAILABLE.
  var exitStatus: Int32 {
    switch kind {
    case .forbidden: 77
    case .notRunning: 3
    case .failed: ExitStatus.unavailable
    }
  }
}
