internal import AgentMetrics
internal import PrometheusExport

/// All labels of a series as a receiver gets them: its name, its own, and those that the operator adds.
struct SeriesLabels {
  /// Labels that are added to every series that has none of that name; `instance` and `job` as a rule.
  let external: [PushLabel]
  private let names: PrometheusNames

  init(external: [PushLabel], names: PrometheusNames = .shared) {
    self.external = external
    self.names = names
  }

  /// The family of a series; that of the probe is none of the catalog's.
  func name(of key: PushSeriesKey) -> PrometheusName {
    key.family < 0 ? Self.probe : names.families[key.family]
  }

  private static let probe = PrometheusName(
    sample: "agent_push_probe", kind: .gauge, unit: "", help: "Asks the receiver whether it takes samples of a moment")

  /// Names and values, sorted by the bytes of the names, as remote write demands.
  func labels(of key: PushSeriesKey) -> [(name: String, value: String)] {
    var labels: [(name: String, value: String)] = [("__name__", name(of: key).sample)]
    labels.reserveCapacity(1 + key.labels.count / 2 + external.count)
    var index = 0
    while index + 1 < key.labels.count {
      labels.append((key.labels[index], key.labels[index + 1]))
      index += 2
    }
    for label in external where !labels.contains(where: { $0.name == label.name }) {
      labels.append((label.name, label.value))
    }
    labels.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return labels
  }
}

/// A label that the operator adds to every series.
package struct PushLabel: Sendable, Hashable {
  /// Its name.
  package let name: String
  /// Its value; not empty.
  package let value: String

  /// A label; nil where Prometheus would not take the name (`[a-zA-Z_][a-zA-Z0-9_]*`, none that begins with two
  /// underscores), or where the value is empty.
  package init?(name: String, value: String) {
    let isLetter: (UInt8) -> Bool = { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 == 0x5F }
    let bytes = name.utf8
    guard let first = bytes.first, isLetter(first), bytes.allSatisfy({ isLetter($0) || $0 >= 0x30 && $0 <= 0x39 }),
      !name.hasPrefix("__"), !value.isEmpty
    else { return nil }
    self.name = name
    self.value = value
  }

  /// A label as it is written on the command line, `name=value`; nil where it is none.
  package init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    self.init(name: String(parts[0]), value: String(parts[1]))
  }
}
