internal import AgentMetrics

/// Alerts in words.
enum AlertText {
  /// Added to the summary of an alert that ends since its series has no value any more.
  static let vanished = "; no longer reported"

  /// "filesystem /var: share in use is 97%, above 95%".
  ///
  /// - Parameters:
  ///   - value: in the unit of the JSON, as the limit.
  ///   - limit: the value of the metric that the rule compares with; NaN where it compares with a number.
  ///   - holds: whether the value violates the rule, or does not any more.
  static func summary(
    _ metric: Catalog.Metric, _ labels: [String], _ value: Double, _ rule: AlertRule, limit: Double, holds: Bool
  ) -> String {
    let definition = metric.definition
    let unit = definition.unit
    let subject = subject(metric, labels)
    if title(definition.title).dropping("whether ") != nil { return subject + (value == 0 ? "no" : "yes") }
    let comparison: AlertRule.Comparison
    let number: Double
    switch rule.condition {
    case .number(let given, let limit): (comparison, number) = (given, limit)
    case .metric(let given, _): (comparison, number) = (given, limit)
    case .increases:
      return subject + ValueText.value(value * unit.factor, unit) + (holds ? " and increases" : ", no longer increases")
    }
    let texts = ComparedText(value * unit.factor, number * unit.factor, unit, given: rule.operand)
    if comparison == .notEqual, holds { return subject + texts.value + ", not " + texts.limit }
    guard let bound = bound(comparison) else { return subject + texts.value }
    return subject + texts.value + (holds ? ", " : ", no longer ") + bound + " " + texts.limit
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

  /// "above", before the limit; nil where the value says it.
  private static func bound(_ comparison: AlertRule.Comparison) -> String? {
    switch comparison {
    case .above: "above"
    case .atLeast: "at least"
    case .below: "below"
    case .atMost: "at most"
    case .equal, .notEqual: nil
    }
  }
}

extension String {
  /// The text after a prefix; nil without it.
  fileprivate func dropping(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
