import Synchronization
import SystemIO

/// The settings of the service, checked as at its start.
struct SettingCheck {
  static let sources: [SettingSource] = [processEnvironment, Credentials.source]

  /// The settings of the file's valid lines; nil without a file.
  let file: ConfigFile?
  let settings: [EffectiveSetting]
  /// Why the service would not start, a line each.
  let problems: [String]
  /// What works, but is not safe or not accepted by clients, a line each, as in the log of the service.
  let warnings: [String]
  /// Warnings about rules of alerts, a line each.
  let ruleWarnings: [String]

  /// - Parameter path: of `--config`.
  init(_ path: String?) {
    var found: ConfigFile?
    var problems: [String] = []
    do throws(ConfigFile.Failure) {
      found = try ConfigFile.find(path)
    } catch {
      (found, problems) = (error.valid, error.lines)
    }
    let file = found
    settings = EffectiveSetting.all(Self.sources, file)
    problems += settings.compactMap(\.problem)
    let server = Result { try SettingOptions<ServerSettings>().values(Self.sources, file: file) }
    let alerts = Result { try SettingOptions<AlertSettings>().values(Self.sources, file: file) }
    let warnings = Warnings()
    let faults = Configuration.jointProblems(
      server: { try server.get() }, report: { line in warnings.lines.withLock { $0.append(line) } },
      push: { try SettingOptions<PushSettings>().values(Self.sources, file: file) },
      alerts: { try alerts.get() },
      isProtected: Self.hasServiceToken)
    // A value that is invalid by itself is known already.
    for fault in faults where !problems.contains(fault.line) { problems.append(fault.line) }
    self.file = file
    self.problems = problems
    self.warnings = warnings.lines.withLock { $0 }
    ruleWarnings = (try? alerts.get())?.ruleWarnings ?? []
  }

  private final class Warnings: Sendable {
    let lines = Mutex<[String]>([])
  }

  /// The settings without problems, in words.
  var summary: String {
    file.map { "\($0.path): \($0.count) settings, all valid" } ?? "no \(ConfigFile.standardPath), all valid"
  }

  /// Whether the service has a token that this program, outside the unit, does not get (LoadCredential=).
  private static var hasServiceToken: Bool {
    ["/etc/credstore/", "/run/credstore/", "/etc/credstore.encrypted/", "/run/credstore.encrypted/"].contains {
      Files.exists($0 + "worker-agent.token")
    }
  }
}

extension Configuration {
  /// Faults of settings that are valid each, but not together or on this machine, for which the agent does not start.
  ///
  /// - Parameters:
  ///   - server: the settings of the server; nil if there is none. Like the others, it throws the fault of a value.
  ///   - report: receives warnings about the files of the server.
  ///   - isProtected: whether the server will have a token besides those of the settings.
  static func jointProblems(
    server: (() throws -> SettingValues<ServerSettings>)?, report: @escaping @Sendable (String) -> Void = { _ in },
    push: () throws -> SettingValues<PushSettings>,
    alerts: () throws -> SettingValues<AlertSettings>, isProtected: Bool = false
  ) -> [any Error] {
    var problems: [any Error] = []
    func check(_ body: () throws -> Void) {
      do { try body() } catch { problems.append(error) }
    }
    if let server {
      if !isProtected { check { try server().checkExposure() } }
      check { _ = try server().access(report: report) }
    }
    check { _ = try push().targets(hostName: hostName) }
    check { try alerts().checkRules() }
    check { _ = try alerts().webhookTargets() }
    return problems
  }
}
