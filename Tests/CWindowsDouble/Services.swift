internal import CWindows
package import SystemIO

/// The service control manager as CWindows reports it, with one service at most.
package struct ScriptedServices: Sendable {
  /// Command line of the installed service; nil without one.
  package var command: String?
  package var account = ""
  /// SERVICE_STOPPED is 1, RUNNING 4.
  package var state: UInt32 = 1
  package var exitCode: UInt32 = 0
  /// Error code of a call, by its name.
  package var errors: [String: UInt32] = [:]
  package var refused = ""
  /// Whether the calling process counts as started by the manager.
  package var startedProcess = false
  package var events: [String] = []

  package init() {}

  /// The manager that CWindows's functions use; tests that change it must not run beside each other.
  package static let current = Condition(ScriptedServices())

  static func call(_ name: String, _ change: (inout ScriptedServices) -> UInt32 = { _ in 0 }) -> cwindows_service_result
  {
    var result = cwindows_service_result()
    current.update { services in
      result.error = services.errors[name] ?? change(&services)
      if result.error != 0 { set(&result.call, name) }
    }
    return result
  }
}

/// ERROR_SERVICE_DOES_NOT_EXIST.
private let notInstalled: UInt32 = 1_060

@_cdecl("cwindows_program_path")
func programPath(_ path: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  let text = "C:\\Program Files\\Worker Agent\\agent.exe"
  for (index, byte) in (Array(text.utf8) + [0]).enumerated() { path?[index] = CChar(bitPattern: byte) }
  return true
}

@_cdecl("cwindows_service_install")
func serviceInstall(_ settings: UnsafePointer<cwindows_service_settings>) -> cwindows_service_result {
  let command = String(cString: settings.pointee.command)
  let account = String(cString: settings.pointee.account)
  var result = ScriptedServices.call("OpenSCManager") {
    $0.command = command
    $0.account = account
    return 0
  }
  set(&result.refused, ScriptedServices.current.withState { $0.refused })
  return result
}

@_cdecl("cwindows_service_uninstall")
func serviceUninstall(_ name: UnsafePointer<CChar>) -> cwindows_service_result {
  ScriptedServices.call("DeleteService") {
    $0.command = nil
    return 0
  }
}

@_cdecl("cwindows_service_start")
func serviceStart(_ name: UnsafePointer<CChar>, _ timeout: UInt32) -> cwindows_service_result {
  ScriptedServices.call("StartService") { services in
    if services.command == nil { return notInstalled }
    services.state = 4
    return 0
  }
}

@_cdecl("cwindows_service_stop")
func serviceStop(_ name: UnsafePointer<CChar>, _ timeout: UInt32) -> cwindows_service_result {
  ScriptedServices.call("ControlService") { services in
    if services.command == nil { return notInstalled }
    services.state = 1
    return 0
  }
}

@_cdecl("cwindows_service_query")
func serviceQuery(
  _ name: UnsafePointer<CChar>, _ status: UnsafeMutablePointer<cwindows_service_status>
) -> cwindows_service_result {
  ScriptedServices.call("QueryServiceStatus") { services in
    var answer = cwindows_service_status()
    answer.is_installed = services.command != nil
    answer.state = services.state
    answer.pid = services.state == 4 ? 4_242 : 0
    answer.exit_code = services.exitCode
    set(&answer.command, services.command ?? "")
    set(&answer.account, services.account)
    status.pointee = answer
    return 0
  }
}

@_cdecl("cwindows_service_run")
func serviceRun(
  _ name: UnsafePointer<CChar>, _ body: @convention(c) (UnsafeMutableRawPointer?) -> Int32,
  _ stop: @convention(c) (UnsafeMutableRawPointer?) -> Void, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  guard ScriptedServices.current.withState({ $0.startedProcess }) else { return -1 }
  // The manager stops the service while it runs.
  stop(context)
  return body(context)
}

@_cdecl("cwindows_log_event")
func logEvent(_ source: UnsafePointer<CChar>, _ level: UInt32, _ text: UnsafePointer<CChar>) -> Bool {
  let line = "\(level) \(String(cString: source)): \(String(cString: text))"
  ScriptedServices.current.update { $0.events.append(line) }
  return true
}
