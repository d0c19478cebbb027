internal import AgentMetrics

/// The firing alerts of the drawn sample, in one row below the header; none where all are silenced.
struct AlertRow {
  private let alerts: [Alert]
  private let time: Double
  private let glyphs: Glyphs

  init?(_ sample: Sample?, silenced: Set<AlertKey>, _ glyphs: Glyphs) {
    guard let sample else { return nil }
    alerts = sample.alerts.filter { $0.phase == .firing && !silenced.contains(AlertKey($0)) }
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

/// Identifies an alert among those of a machine.
struct AlertKey: Hashable {
  let name: String
  let target: String

  init(_ alert: Alert) { (name, target) = (alert.name, alert.target) }
}
