internal import AgentMetrics
internal import Query

extension AlertRule {
  /// Shares of limits that can be exceeded.
  private static let unlimited: Set<String> = ["cgroup.cpu_usage"]

  /// A one-line warning that the rule can never fire, or may fire at any time; nil for other rules.
  package var warning: String? {
    let warnings = selector.metrics.map(warning)
    // A pattern may have metrics that cannot fire beside others.
    return warnings.contains(nil) ? nil : warnings.first ?? nil
  }

  private func warning(_ metric: Catalog.Metric) -> String? {
    let definition = metric.definition
    switch condition {
    case .increases:
      guard definition.kind == .gauge, definition.unit != .count else { return nil }
      return "\"\(text)\" may fire at any time: \(metric.id) is no counter, it rises and falls"
    case .metric: return nil
    case .number(let comparison, let limit):
      guard definition.unit == .ratio, !Self.unlimited.contains(metric.id) else { return nil }
      guard comparison.isBeyondShares(limit) else { return nil }
      let operand = operand ?? ""
      guard limit > 0 else { return "\"\(text)\" never fires: \(metric.id) is at least 0" }
      let isPercent = limit > 1 && limit <= 100 && !operand.hasSuffix("%")
      return "\"\(text)\" never fires: \(metric.id) is at most 1"
        + (isPercent ? "; write \(operand)%" : ", which is 100%")
    }
  }
}

extension AlertRule.Comparison {
  /// Whether no number from 0 to 1 violates the limit.
  fileprivate func isBeyondShares(_ limit: Double) -> Bool {
    switch self {
    case .above: limit >= 1
    case .atLeast: limit > 1
    case .below: limit <= 0
    case .atMost: limit < 0
    case .equal: limit < 0 || limit > 1
    case .notEqual: false
    }
  }
}
