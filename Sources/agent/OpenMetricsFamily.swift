import AgentMetrics
import History
import SystemIO

/// A metric of the catalog as a family of OpenMetrics 1.0 with timestamps; nil where Prometheus has no name for it.
struct OpenMetricsFamily {
  let name: PrometheusName
  /// The labels' names there, in the order of the catalog's.
  let labels: [String]

  init?(_ metric: Catalog.Metric) {
    let names = PrometheusNames.shared
    guard let family = names.members[metric.number]?.family, names.families[family].kind != .info else { return nil }
    name = names.families[family]
    labels = Catalog.shared.lists(around: metric.number).flatMap { names.labels[$0] ?? [] }
  }

  /// The lines before the samples.
  var head: String {
    let unit = name.unit.isEmpty ? "" : "# UNIT \(name.family) \(name.unit)\n"
    return
      "# TYPE \(name.family) \(name.kind.rawValue)\n\(unit)# HELP \(name.family) \(name.help.escapedForPrometheus)\n"
  }

  /// A line for each moment that has a value.
  func lines(_ series: Columns.Series, _ times: [Double]) -> String {
    var start = name.sample
    if !labels.isEmpty {
      start +=
        "{" + zip(labels, series.labels).map { "\($0)=\"\($1.escapedForPrometheus)\"" }.joined(separator: ",") + "}"
    }
    var text = ""
    for (time, value) in zip(times, series.values) where value.isFinite { text += "\(start) \(value) \(time)\n" }
    return text
  }
}
