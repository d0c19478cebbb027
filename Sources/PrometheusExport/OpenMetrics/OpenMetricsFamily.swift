package import AgentMetrics

/// A metric of the catalog as a family of OpenMetrics 1.0 with timestamps; nil for a metric without a Prometheus name.
package struct OpenMetricsFamily {
  package let name: PrometheusName
  /// Names of its labels, in the catalog's order.
  package let labels: [String]

  package init?(_ metric: Catalog.Metric) {
    let names = PrometheusNames.shared
    guard let family = names.members[metric.number]?.family, names.families[family].kind != .info else { return nil }
    name = names.families[family]
    labels = Catalog.shared.lists(around: metric.number).flatMap { names.labels[$0] ?? [] }
  }

  /// The lines before the samples.
  package var head: String {
    let unit = name.unit.isEmpty ? "" : "# UNIT \(name.family) \(name.unit)\n"
    return
      "# TYPE \(name.family) \(name.kind.rawValue)\n\(unit)# HELP \(name.family) \(name.help.escapedLabel)\n"
  }

  /// A line for each time that has a value.
  ///
  /// - Parameters:
  ///   - values: a series' value at each time; NaN where absent.
  ///   - own: the values of its labels.
  package func lines(_ values: [Double], labels own: [String], at times: [Double]) -> String {
    var start = name.sample
    if !labels.isEmpty {
      start +=
        "{" + zip(labels, own).map { "\($0)=\"\($1.escapedLabel)\"" }.joined(separator: ",") + "}"
    }
    var text = ""
    for (time, value) in zip(times, values) where value.isFinite { text += "\(start) \(value) \(time)\n" }
    return text
  }
}
