internal import Alerts
internal import AgentMetrics
internal import SystemIO

/// Changes of alerts as a request's header fields and body.
struct AlertMessage {
  let headers: [(String, String)]
  let body: [UInt8]

  /// - Parameter expiry: POSIX time at which Alertmanager ends a firing alert that it does not get again.
  init(_ change: AlertChange, _ format: AlertWebhook.Format, expiry: Double) {
    switch format {
    case .json:
      self.init(json: Self.object(change))
    case .slack:
      // Slack's markup begins with these three characters.
      let text = Self.line(change).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(
        ">", with: "&gt;")
      self.init(json: #"{"text":\#(text.quotedJSON)}"#)
    case .alertmanager:
      self.init(alertmanager: [change], expiry: expiry)
    case .ntfy:
      self.init(
        headers: [
          ("Content-Type", "text/plain; charset=utf-8"), ("Title", Self.ascii(Self.title(change))),
          ("Priority", change.isFiring ? "high" : "default"),
          ("Tags", change.isFiring ? "warning" : "white_check_mark"),
        ], body: Array(Self.line(change).utf8))
    }
  }

  /// Alertmanager's postableAlerts (api/v2/openapi.yaml).
  init(alertmanager changes: [AlertChange], expiry: Double) {
    self.init(json: "[" + changes.map { Self.alertmanager($0, expiry: expiry) }.joined(separator: ",") + "]")
  }

  private init(headers: [(String, String)], body: [UInt8]) {
    (self.headers, self.body) = (headers, body)
  }

  private init(json: String) {
    self.init(headers: [("Content-Type", "application/json")], body: Array(json.utf8))
  }

  private static func title(_ change: AlertChange) -> String {
    (change.isFiring ? "Alert" : "Resolved") + ": " + change.alert.name
      + (change.host.isEmpty ? "" : " on " + change.host)
  }

  private static func line(_ change: AlertChange) -> String {
    title(change) + ": " + change.alert.summary + " (" + change.alert.rule + ")"
  }

  private static func object(_ change: AlertChange) -> String {
    let alert = change.alert
    var members = [
      ("status", (change.isFiring ? "firing" : "resolved").quotedJSON), ("host", change.host.quotedJSON),
      ("alert", alert.name.quotedJSON), ("target", alert.target.quotedJSON), ("rule", alert.rule.quotedJSON),
      ("summary", alert.summary.quotedJSON), ("since", time(alert.since).quotedJSON),
      ("time", time(change.time).quotedJSON),
    ]
    if alert.value.isFinite { members.append(("value", "\(alert.value)")) }
    return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}\n"
  }

  /// A postableAlert; Alertmanager ends it at `endsAt` unless it gets it again.
  private static func alertmanager(_ change: AlertChange, expiry: Double) -> String {
    let alert = change.alert
    let labels = [
      ("alertname", alert.name), ("instance", change.host), ("job", "agent"),
      ("severity", EventKind.alertFiring.description.severity.rawValue), ("target", alert.target),
    ].filter { !$0.1.isEmpty }.map { "\"\($0)\":\($1.quotedJSON)" }.joined(separator: ",")
    let annotations = [
      ("summary", alert.summary), ("rule", alert.rule), ("silenced", alert.isSilenced ? "true" : ""),
    ].filter { !$0.1.isEmpty }.map { "\"\($0)\":\($1.quotedJSON)" }.joined(separator: ",")
    let end = change.isFiring ? expiry : change.time
    // After a step of the clock; Alertmanager refuses an alert that ends before it starts.
    let start = min(alert.since, end)
    return """
      {"labels":{\(labels)},"annotations":{\(annotations)},\
      "startsAt":\(time(start).quotedJSON),"endsAt":\(time(end).quotedJSON)}
      """
  }

  private static func time(_ seconds: Double) -> String { Timestamp(seconds: seconds).rfc3339 }

  /// A header field's value: other characters than printable ASCII become question marks.
  private static func ascii(_ text: String) -> String {
    String(
      decoding: text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) ? UInt8($0.value) : 0x3F }, as: UTF8.self)
  }
}
