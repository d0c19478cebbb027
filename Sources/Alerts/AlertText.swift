internal import AgentMetrics

/// Alerts in words.
enum AlertText {
  /// "filesystem /var: share in use is 97%, above 95%".
  ///
  /// - Parameters:
  ///   - value: in the unit of the JSON, as the limit.
  ///   - limit: the value of the metric that the rule compares with; NaN where it compares with a number.
  static func summary(
    _ metric: Catalog.Metric, _ labels: [String], _ value: Double, _ condition: AlertRule.Condition, limit: Double
  ) -> String {
    let definition = metric.definition
    func text(_ value: Double) -> String { ValueText.value(value * definition.unit.factor, definition.unit) }
    let subject = subject(metric, labels)
    if title(definition.title).dropping("whether ") != nil { return subject + (value == 0 ? "no" : "yes") }
    return subject + text(value) + bound(condition, limit: limit, text)
  }

  /// Whether a summary is of a metric; that of another entry of its list, too.
  static func isSummary(_ text: String, of metric: Catalog.Metric) -> Bool {
    // An entry is not always named by its labels: a process has its name, too.
    text.hasPrefix(kind(metric)) && text.contains(": " + statement(metric))
  }

  /// The summary up to its value: "filesystem /var: share in use is ".
  private static func subject(_ metric: Catalog.Metric, _ labels: [String]) -> String {
    let kind = kind(metric)
    return ([kind] + (labels.isEmpty ? [] : [labels.joined(separator: ", ")])).joined(separator: " ") + ": "
      + statement(metric)
  }

  /// "share in use is ", "lost: ".
  private static func statement(_ metric: Catalog.Metric) -> String {
    let title = title(metric.definition.title)
    return title.dropping("whether ").map { $0 + ": " } ?? title + " is "
  }

  /// "filesystem", "GPU", "process", "RAM".
  private static func kind(_ metric: Catalog.Metric) -> String {
    var kind = metric.id.split(separator: ".").first.map(String.init) ?? ""
    // One entry of a list.
    if !metric.labels.isEmpty, kind.hasSuffix("s") { kind.removeLast(kind.hasSuffix("sses") ? 2 : 1) }
    return ["cpu", "gpu", "ram"].contains(kind) ? kind.uppercased() : kind
  }

  /// The title inside a sentence, without what explains it.
  private static func title(_ title: String) -> String {
    let title = String(title.prefix { $0 != "," && $0 != "(" && $0 != ";" })
    let trimmed = title.hasSuffix(" ") ? String(title.dropLast()) : title
    // An abbreviation keeps its capitals.
    return trimmed.dropFirst().first?.isUppercase == true
      ? trimmed : trimmed.prefix(1).lowercased() + trimmed.dropFirst()
  }

  /// ", above 95%".
  private static func bound(
    _ condition: AlertRule.Condition, limit: Double, _ text: (Double) -> String
  ) -> String {
    func bound(_ comparison: AlertRule.Comparison, _ limit: Double) -> String {
      switch comparison {
      case .above: ", above " + text(limit)
      case .atLeast: ", at least " + text(limit)
      case .below: ", below " + text(limit)
      case .atMost: ", at most " + text(limit)
      case .equal: ""
      case .notEqual: ", not " + text(limit)
      }
    }
    return switch condition {
    case .number(let comparison, let limit): bound(comparison, limit)
    case .metric(let comparison, _): bound(comparison, limit)
    case .increases: " and increases"
    }
  }
}

extension String {
  /// The text after a prefix; nil without it.
  fileprivate func dropping(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
