internal import AgentMetrics

/// Alerts in words.
enum AlertText {
  /// "/var: share in use 97%".
  static func summary(_ metric: Catalog.Metric, _ labels: [String], _ value: Double) -> String {
    let target = labels.joined(separator: ", ")
    let title = metric.definition.title.prefix(1).lowercased() + metric.definition.title.dropFirst()
    let text = (metric.definition.title.dropFirst().first?.isUppercase == true ? metric.definition.title : title)
    let subject = metric.id.split(separator: ".").first.map(String.init) ?? ""
    let place = target.isEmpty ? subject : subject + " " + target
    return place + ": " + text + " " + self.value(value, metric.definition.unit)
  }

  /// A value with its unit, in the unit of the JSON.
  static func value(_ value: Double, _ unit: Unit) -> String {
    guard value.isFinite else { return "absent" }
    return switch unit {
    case .ratio: short(value * 100) + "%"
    case .bytes: short(value / 1_048_576) + " MiB"
    case .mebibytes: short(value) + " MiB"
    case .bytesPerSecond: short(value / 1_000_000) + " MB/s"
    case .megabitsPerSecond: short(value) + " Mbit/s"
    case .seconds: short(value) + " s"
    case .milliseconds: short(value) + " ms"
    case .celsius: short(value) + " °C"
    case .megahertz: short(value) + " MHz"
    case .watts: short(value) + " W"
    case .joules: short(value) + " J"
    case .rpm: short(value) + " rpm"
    case .perSecond: short(value) + "/s"
    case .cores, .count, .none: short(value)
    }
  }

  /// Up to one decimal place, none from 100 on.
  private static func short(_ value: Double) -> String {
    guard abs(value) < 1e15 else { return "\(value)" }
    let rounded = abs(value) >= 99.95 ? value.rounded() : (value * 10).rounded() / 10
    return rounded == rounded.rounded() ? String(Int64(rounded)) : "\(rounded)"
  }
}
