import API
import Logging
import Synchronization
import SystemIO

/// Settings that a running service takes over when they change (SIGHUP).
final class LiveSettings: Sendable {
  /// Flags of the settings that can change.
  static let flags: Set<String> = [
    "log-level", "log-format", "cors-origin", "allowed-host", "token-file", "alert", "default-alerts", "alert-webhook",
    "alert-webhook-format", "alert-webhook-token-file", "alert-webhook-ca-file",
  ]
  /// Flags that can change as long as the server has TLS before and after.
  static let tlsFlags: Set<String> = ["tls-cert", "tls-key", "tls-client-ca"]

  private struct State {
    var admission: API.Admission
    /// Texts of all settings at the start, or when they were taken over.
    var texts: [String: String]
  }
  private let state: Mutex<State>
  private let access: ServerAccess
  private let alerts: AlertService
  /// The address that the server listens on until it ends.
  private let host: String

  init(_ configuration: Configuration, access: ServerAccess, alerts: AlertService) {
    host = configuration.server.host
    self.access = access
    self.alerts = alerts
    state = Mutex(State(admission: Self.admission(of: configuration), texts: configuration.texts))
  }

  /// The current rules for origins and host names.
  var admission: API.Admission { state.withLock { $0.admission } }

  /// Reads the settings again, takes over those that can change, and logs one line that names the others.
  ///
  /// Invalid settings change no value.
  func reload(_ read: () throws -> Configuration, sink: LogSink, logger: Logger) {
    do {
      let configuration = try read()
      try configuration.server.checkExposure()
      // Address and encryption change with a restart only.
      try configuration.server.checkExposure(at: host, verifiesClients: access.encryption != nil)
      let line = try adopt(configuration)
      sink.level = configuration.main.logLevel
      sink.format = configuration.main.logFormat
      logger.notice("\(line)")
      for line in configuration.alerts.ruleWarnings { logger.warning("\(line)") }
    } catch {
      logger.error("settings are unchanged: \(error)")
    }
  }

  /// Takes over the settings that can change; returns a line for the log.
  ///
  /// - Throws: if one of them is invalid, before any change.
  func adopt(_ configuration: Configuration) throws(SettingError) -> String {
    try configuration.alerts.checkRules()
    let webhooks = try configuration.alerts.webhookTargets()
    try access.replace(configuration.server)
    alerts.replace(rules: configuration.alerts.allRules, webhooks: webhooks)
    let hasTLS = access.encryption != nil && configuration.server.certificate != nil
    let flags = hasTLS ? Self.flags.union(Self.tlsFlags) : Self.flags
    let new = configuration.texts
    let (changed, others) = state.withLock { state in
      // A value that is set to its default is no change.
      let different = Configuration.rows.map(\.about).filter {
        (new[$0.flag] ?? $0.defaultText) != (state.texts[$0.flag] ?? $0.defaultText)
      }
      let changed = different.filter { flags.contains($0.flag) }
      state.admission = Self.admission(of: configuration)
      for about in changed { state.texts[about.flag] = new[about.flag] }
      return (changed, different.filter { !flags.contains($0.flag) })
    }
    func names(_ abouts: [SettingAbout]) -> String {
      abouts.map { $0.variable ?? "--" + $0.flag }.joined(separator: ", ")
    }
    let first = changed.isEmpty ? "settings read again: no change" : "settings read again: \(names(changed)) changed"
    guard !others.isEmpty else { return first }
    return (changed.isEmpty ? "settings read again" : first) + "; \(names(others)) will change with a restart"
  }

  private static func admission(of configuration: Configuration) -> API.Admission {
    API.Admission(
      corsOrigins: configuration.server.corsOrigins, allowedHosts: configuration.server.allowedHosts)
  }
}
