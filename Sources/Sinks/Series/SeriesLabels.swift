internal import AgentMetrics
internal import PrometheusExport

/// All labels of a series for a receiver: its name, its own labels, and the operator's.
struct SeriesLabels {
  /// Labels added to every series without a label of that name; usually `instance` and `job`.
  let external: [PushLabel]
  private let names: PrometheusNames

  init(external: [PushLabel], names: PrometheusNames = .shared) {
    self.external = external
    self.names = names
  }

  /// The family of a series; the probe's is not in the catalog.
  func name(of key: PushSeriesKey) -> PrometheusName {
    key.family < 0 ? Self.probe : names.families[key.family]
  }

  private static let probe = PrometheusName(
    sample: "agent_push_probe", kind: .gauge, unit: "", help: "Tests whether the receiver accepts samples of a time")

  /// Names and values, sorted by the bytes of the names, as required by remote write.
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

/// An operator's label for every series.
package struct PushLabel: Sendable, Hashable {
  package let name: String
  /// Not empty.
  package let value: String

  /// Creates a label; nil if Prometheus would reject the name (`[a-zA-Z_][a-zA-Z0-9_]*` without two leading
  /// underscores), or if the value is empty.
  package init?(name: String, value: String) {
    let isLetter: (UInt8) -> Bool = { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 == 0x5F }
    let bytes = name.utf8
    guard let first = bytes.first, isLetter(first), bytes.allSatisfy({ isLetter($0) || $0 >= 0x30 && $0 <= 0x39 }),
      !name.hasPrefix("__"), !value.isEmpty
    else { return nil }
    self.name = name
    self.value = value
  }

  /// Parses a label of the command line, `name=value`, or nil.
  package init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    self.init(name: String(parts[0]), value: String(parts[1]))
  }
}
