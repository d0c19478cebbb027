internal import CWindows
package import Platforms

/// The agent as a Windows service, by the service control manager.
package struct WindowsServiceManager: ServiceManager {
  static let name = "WorkerMonitorAgent"
  /// Has no rights on the machine but those of its own name.
  private static let account = "NT SERVICE\\" + name
  /// Longest wait for a state in milliseconds; the manager itself gives a service 30 s.
  private static let patience: UInt32 = 30_000
  /// Longest command line that ``status`` can show whole.
  private static let maxCommand = 1_000

  private static let accessDenied: UInt32 = 5
  private static let notInstalled: UInt32 = 1_060

  package init() {}

  package func perform(_ action: ServiceAction, options: [String]) throws(ServiceFailure) -> [String] {
    switch action {
    case .install: return try install(options)
    case .start: return try start()
    case .stop: return try stop()
    case .restart: return try stop() + start()
    case .status: return try status()
    case .uninstall: return try uninstall()
    }
  }

  private func install(_ options: [String]) throws(ServiceFailure) -> [String] {
    var path = [CChar](repeating: 0, count: 4_096)
    guard cwindows_program_path(&path, Int32(path.count)) else {
      throw ServiceFailure("install: the path of this program is unknown or too long")
    }
    let program = Self.text(path)
    let command = CommandLine.text(program: program, arguments: ["service", "run"] + options)
    guard command.utf8.count <= Self.maxCommand else {
      throw ServiceFailure(
        "install: the command line has \(command.utf8.count) bytes, but at most \(Self.maxCommand) are allowed;"
          + " settings may also be environment variables")
    }
    let result = Self.withSettings(command) { cwindows_service_install($0) }
    let refused = Self.text(result.refused)
    try Self.check(result, .install)
    return (refused.isEmpty ? [] : ["warning: this Windows refuses: \(refused)"]) + [
      "installed: \(Self.name) runs \(command)", "agent service start starts it; it also starts with Windows",
    ]
  }

  private static func withSettings(
    _ command: String, _ body: (UnsafePointer<cwindows_service_settings>) -> cwindows_service_result
  ) -> cwindows_service_result {
    let texts = [
      name, "Worker Monitoring Agent", "Metrics of this machine: http://127.0.0.1:8080/ui/", command, account,
    ]
    // Copies that stay at their place until the call returns.
    let copies = texts.map { text in
      let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: text.utf8.count + 1)
      _ = copy.initialize(from: text.utf8.map { CChar(bitPattern: $0) } + [0])
      return copy
    }
    defer { for copy in copies { copy.deallocate() } }
    var settings = cwindows_service_settings()
    settings.name = UnsafePointer(copies[0].baseAddress)
    settings.title = UnsafePointer(copies[1].baseAddress)
    settings.description = UnsafePointer(copies[2].baseAddress)
    settings.command = UnsafePointer(copies[3].baseAddress)
    settings.account = UnsafePointer(copies[4].baseAddress)
    return body(&settings)
  }

  private func start() throws(ServiceFailure) -> [String] {
    try Self.check(cwindows_service_start(Self.name, Self.patience), .start)
    let status = try query(.start)
    return ["running, pid \(status.pid)"]
  }

  private func stop() throws(ServiceFailure) -> [String] {
    try Self.check(cwindows_service_stop(Self.name, Self.patience), .stop)
    return ["stopped"]
  }

  private func uninstall() throws(ServiceFailure) -> [String] {
    guard try query(.uninstall).is_installed else { return ["not installed"] }
    _ = try stop()
    try Self.check(cwindows_service_uninstall(Self.name), .uninstall)
    return ["uninstalled"]
  }

  private func status() throws(ServiceFailure) -> [String] {
    let status = try query(.status)
    guard status.is_installed else { throw ServiceFailure("not installed", .notRunning) }
    let state =
      switch status.state {
      case 1: "stopped"
      case 2: "starting"
      case 3: "stopping"
      case 4: "running"
      default: "state \(status.state)"
      }
    let details = "account \(Self.text(status.account)), command \(Self.text(status.command))"
    guard status.state == 4 else {
      let code = status.exit_code == 0 ? "" : ", exit code \(status.exit_code)"
      throw ServiceFailure("\(state)\(code), \(details)", .notRunning)
    }
    return ["\(state), pid \(status.pid), \(details)"]
  }

  private func query(_ action: ServiceAction) throws(ServiceFailure) -> cwindows_service_status {
    var status = cwindows_service_status()
    try Self.check(cwindows_service_query(Self.name, &status), action)
    return status
  }

  private static func check(_ result: cwindows_service_result, _ action: ServiceAction) throws(ServiceFailure) {
    if result.error == 0 { return }
    var text = [CChar](repeating: 0, count: 512)
    cwindows_error_text(result.error, &text, Int32(text.count))
    let reason = "\(Self.text(result.call)): \(Self.text(text)), error \(result.error)"
    switch result.error {
    case accessDenied:
      throw ServiceFailure("\(action.rawValue): administrator rights are required (\(reason))", .forbidden)
    case notInstalled:
      throw ServiceFailure("\(action.rawValue): the service is not installed; agent service install installs it")
    default: throw ServiceFailure("\(action.rawValue): \(reason)")
    }
  }

  // MARK: Running

  /// Functions that the C function calls on its threads.
  private final class Functions: Sendable {
    let body: @Sendable () -> Int32
    let stop: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Int32, _ stop: @escaping @Sendable () -> Void) {
      self.body = body
      self.stop = stop
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> Functions? {
      // Passed below, and alive until the call returns.
      context.map { Unmanaged<Functions>.fromOpaque($0).takeUnretainedValue() }
    }
  }

  package func run(
    _ body: @escaping @Sendable () -> Int32, stop: @escaping @Sendable () -> Void
  ) throws(ServiceFailure) -> Int32 {
    let functions = Functions(body, stop)
    let code = withExtendedLifetime(functions) {
      cwindows_service_run(
        Self.name, { Functions.from($0)?.body() ?? 0 }, { Functions.from($0)?.stop() },
        Unmanaged.passUnretained(functions).toOpaque())
    }
    guard code != -1 else {
      throw ServiceFailure("run: only the service control manager runs this; agent service start asks it to")
    }
    return code
  }

  package func log(_ severity: ServiceLogSeverity, _ line: String) {
    _ = cwindows_log_event(Self.name, severity.rawValue, line)
  }

  // MARK: Texts

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The text of a C array of characters, which Swift imports as a tuple.
  private static func text<Characters>(_ characters: Characters) -> String {
    // A tuple of characters is its bytes, without gaps.
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
