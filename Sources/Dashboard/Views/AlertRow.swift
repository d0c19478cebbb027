internal import AgentMetrics

/// The firing alerts of the drawn sample that are not silenced, in one row below the header.
struct AlertRow {
  private let alerts: [Alert]
  private let time: Double
  private let glyphs: Glyphs

  /// - Parameter own: the alerts of this program's agent as they are now; nil for another machine.
  init?(_ sample: Sample?, own: [Alert]?, _ state: ScreenState, _ glyphs: Glyphs) {
    guard let sample else { return nil }
    let silenced = own.map { own in Set(own.filter(\.isSilenced).map { AlertKey($0, state.host) }) }
    alerts = sample.alerts.filter { alert in
      let key = AlertKey(alert, state.host)
      return alert.phase == .firing
        && !(silenced?.contains(key) ?? (alert.isSilenced || state.silenced.contains(key)))
    }
    time = sample.timestamp.seconds
    self.glyphs = glyphs
    if alerts.isEmpty { return nil }
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    // The count includes those that do not fit.
    let label = alerts.count == 1 ? " ALERT " : " \(alerts.count) ALERTS "
    let texts = alerts.map { alert in
      let duration = time - alert.since
      return alert.summary + (duration >= 60 ? " (for " + TextFormat.duration(duration) + ")" : "")
    }
    NoticeRow(label: label, labelColor: .critical, texts: texts, style: .critical, glyphs: glyphs)
      .draw(on: &grid, in: rect)
  }
}

/// Identifies an alert from its begin to its end.
struct AlertKey: Hashable {
  private let host: Int
  private let name: String
  private let target: String
  private let since: Double

  /// - Parameter host: place of its machine among those of the dashboard.
  init(_ alert: Alert, _ host: Int) {
    (self.host, name, target) = (host, alert.name, alert.target)
    // An archive rounds it.
    since = alert.since.isFinite ? alert.since.rounded() : 0
  }
}
