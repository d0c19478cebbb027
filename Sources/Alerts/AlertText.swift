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

  /// Whether a summary is of a series.
  static func isSummary(_ text: String, of metric: Catalog.Metric, _ labels: [String]) -> Bool {
    text.hasPrefix(subject(metric, labels))
  }

  /// The summary up to its value: "filesystem /var: share in use is ".
  private static func subject(_ metric: Catalog.Metric, _ labels: [String]) -> String {
    let title = title(metric.definition.title)
    let statement = title.dropping("whether ").map { $0 + ": " }
    return place(metric, labels) + ": " + (statement ?? title + " is ")
  }

  /// "filesystem /var", "GPU 0", "process bash (7)", "RAM".
  private static func place(_ metric: Catalog.Metric, _ labels: [String]) -> String {
    var subject = metric.id.split(separator: ".").first.map(String.init) ?? ""
    // One entry of a list.
    if !labels.isEmpty, subject.hasSuffix("s") { subject.removeLast(subject.hasSuffix("sses") ? 2 : 1) }
    if ["cpu", "gpu", "ram"].contains(subject) { subject = subject.uppercased() }
    return ([subject] + (labels.isEmpty ? [] : [labels.joined(separator: ", ")])).joined(separator: " ")
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
