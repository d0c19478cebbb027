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
    let label = alerts.count == 1 ? " ALERT " : " \(alerts.count) ALERTS "
    var x = grid.put(label, x: rect.x, y: rect.y, Style(.critical, [.bold, .reverse]), limit: rect.width) + 1
    for (index, alert) in alerts.enumerated() {
      let duration = time - alert.since
      let text = alert.summary + (duration >= 60 ? " for " + TextFormat.duration(duration) : "")
      // The first one is shortened; the count tells of those that do not fit.
      guard index == 0 || x + 3 + Grid.columns(of: text) <= rect.right else { break }
      if index > 0 {
        grid.put(glyphs.separator, x: x, y: rect.y, .faint)
        x += 3
      }
      x = grid.putShortened(text, x: x, y: rect.y, .critical, limit: rect.right - x)
    }
  }
}

/// Identifies an alert among those of a machine.
struct AlertKey: Hashable {
  let name: String
  let target: String

  init(_ alert: Alert) { (name, target) = (alert.name, alert.target) }
}
