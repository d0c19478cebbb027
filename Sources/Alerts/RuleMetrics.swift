internal import AgentMetrics
internal import Query

/// The metrics that rules may name: numbers of lasting objects, and of the processes and workloads that samples list.
enum RuleMetrics {
  /// Lists whose entries come and go; a pattern must name one, or `*` would select every process.
  fileprivate static let lists = ["processes.top", "workloads.top"]

  static func areKnown(to selector: SeriesSelector) -> Bool {
    let id = SeriesSelector(String(selector.text.prefix { $0 != "{" }))
    return selector.isKnown
      || Catalog.shared.metrics.contains { $0.isSelectable(by: selector) && id.matches(key: $0.id) }
  }

  /// Says why a rule cannot have a metric.
  static func error(of selector: SeriesSelector) -> AlertRule.RuleError {
    let id = String(selector.text.prefix { $0 != "{" })
    guard let metric = Catalog.shared[id] else {
      return AlertRule.RuleError(description: "must name a numeric metric of /catalog, not \"\(selector.text)\"")
    }
    return AlertRule.RuleError(
      description: metric.definition.kind == .info
        ? "must name a metric of /catalog that is a number, not \"\(id)\""
        : "must name a metric of objects that last, or of \(lists.joined(separator: " or ")), not \"\(id)\"")
  }
}

extension SeriesSelector {
  /// The metrics that a rule with this selector is of, by their ids.
  var metrics: [Catalog.Metric] {
    let isOfLabels = text.hasPrefix("*") && !text.contains("{")
    let id = SeriesSelector(String(text.prefix { $0 != "{" }))
    return Catalog.shared.metrics.filter { $0.isSelectable(by: self) && (isOfLabels || id.matches(key: $0.id)) }
  }

  /// Whether a series may match both, for selectors of the same metrics.
  func mayShareSeries(with other: SeriesSelector) -> Bool {
    // Two selectors that name one series each.
    let areSingle = [self, other].allSatisfy { $0.text.contains("{") && !$0.text.contains("*") }
    return self == other || !areSingle
  }
}

extension Catalog.Metric {
  /// Whether a rule with this selector may be of it.
  func isSelectable(by selector: SeriesSelector) -> Bool {
    if isColumn { return true }
    return definition.kind != .info && RuleMetrics.lists.contains { lists == [$0] && selector.text.hasPrefix($0 + ".") }
  }
}
