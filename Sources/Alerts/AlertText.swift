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
    return place + ": " + text + " " + ValueText.value(value * metric.definition.unit.factor, metric.definition.unit)
  }
}
