internal import AgentMetrics
package import Query

/// A threshold for the series of a metric: `[NAME:] METRIC OP VALUE [for DURATION]` or `[NAME:] METRIC increases`.
///
/// The metric is an id of the catalog, with labels or `*` as in `/metrics/history`: `gpus.temperature_c > 85 for 1m`,
/// `full: filesystems.usage{mountpoint="/data"} >= 90%`. Numbers are in the unit of the JSON; the value may be another
/// metric with the same labels: `gpus.temperature_c >= gpus.slowdown_temperature_c`. Of processes and workloads, those
/// count that samples list: `workloads.top.memory_bytes{workload="service:db.service",*} > 8e9`.
package struct AlertRule: Sendable, Hashable {
  package enum Comparison: String, Sendable {
    case above = ">"
    case atLeast = ">="
    case below = "<"
    case atMost = "<="
    case equal = "=="
    case notEqual = "!="

    func holds(_ value: Double, _ limit: Double) -> Bool {
      switch self {
      case .above: value > limit
      case .atLeast: value >= limit
      case .below: value < limit
      case .atMost: value <= limit
      case .equal: value == limit
      case .notEqual: value.isFinite && limit.isFinite && value != limit
      }
    }
  }

  package enum Condition: Sendable, Hashable {
    case number(Comparison, Double)
    /// Compares with a metric of the same labels, by its id.
    case metric(Comparison, String)
    /// The value is higher than in the sample before.
    case increases
  }

  /// A rule that cannot be read; its text completes "must be …".
  package struct RuleError: Error, CustomStringConvertible {
    package let description: String
  }

  package static let allowed = "[NAME:] METRIC OP VALUE [for DURATION], e.g. gpus.temperature_c > 85 for 1m"

  /// Unique among the rules of a program; the metric's id by default, see ``distinct(_:)``.
  package private(set) var name: String
  /// Whether the user named it.
  private let isNamed: Bool
  /// The metric with its labels, as given.
  package let selector: SeriesSelector
  package let condition: Condition
  /// The number that it compares with, as given.
  let operand: String?
  /// Seconds for which the condition must hold.
  package let hold: Double
  /// The rule without its name, in one form: `cpu.usage > 0.95 for 5m`.
  package let text: String

  /// Maximum length of a rule.
  private static let maxLength = 512

  /// Parses a rule.
  package init(_ text: String) throws(RuleError) {
    guard text.utf8.count <= Self.maxLength else { throw RuleError(description: "must have at most 512 characters") }
    var words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    var name: String?
    if let first = words.first, first.hasSuffix(":"), first.count > 1 {
      name = String(first.dropLast())
      guard name?.utf8.allSatisfy(Self.isNameByte) == true else {
        throw RuleError(description: "must have a name of letters, digits, _ and -")
      }
      words.removeFirst()
    }
    var hold = 0.0
    if words.count >= 2, words[words.count - 2] == "for" {
      guard let seconds = Self.duration(words[words.count - 1]) else {
        throw RuleError(description: "must end in a duration from 1s to 7d, such as \"for 5m\"")
      }
      hold = seconds
      words.removeLast(2)
    }
    if words.count > 1, words.last == "for" {
      throw RuleError(description: "must have a duration after \"for\", from 1s to 7d, such as \"for 5m\"")
    }
    let condition: Condition
    var operand: String?
    if words.last == "increases" {
      condition = .increases
      words.removeLast()
    } else {
      guard words.count >= 3 else { throw RuleError(description: "must be " + Self.allowed) }
      condition = try Self.condition(words[words.count - 2], words[words.count - 1])
      if case .number = condition { operand = words.last }
      words.removeLast(2)
    }
    let selector = SeriesSelector(words.joined(separator: " "))
    guard !words.isEmpty, RuleMetrics.areKnown(to: selector) else { throw RuleMetrics.error(of: selector) }
    try RuleLabels.check(selector)
    self.init(name: name, selector: selector, condition: condition, operand: operand, hold: hold, text: text)
  }

  private init(
    name: String?, selector: SeriesSelector, condition: Condition, operand: String?, hold: Double, text: String
  ) {
    self.selector = selector
    self.condition = condition
    self.operand = operand
    self.hold = hold
    let id = selector.text.prefix { $0 != "{" }
    self.name = name ?? String(id)
    isNamed = name != nil
    let parts = text.split(whereSeparator: \.isWhitespace)
    self.text = parts.dropFirst(name == nil ? 0 : 1).joined(separator: " ")
  }

  /// Gives the rules without a name distinct ones: the metric, or the whole text beside another rule of the same series.
  ///
  /// Outputs identify an alert by its rule's name and its target. Names do not depend on the order of the rules.
  package static func distinct(_ rules: [AlertRule]) -> [AlertRule] {
    rules.map { rule in
      guard !rule.isNamed else { return rule }
      let others = rules.filter { $0 != rule && $0.name == rule.name }
      let isAlone = !others.contains { $0.isNamed || $0.selector.mayShareSeries(with: rule.selector) }
      guard !isAlone else { return rule }
      var rule = rule
      rule.name = rule.text
      return rule
    }
  }

  /// The first rule with the name of an earlier one, or without a name and the same as an earlier one; with the reason.
  package static func repetition(in rules: [AlertRule]) -> (rule: String, reason: String)? {
    for (index, rule) in rules.enumerated() {
      if rule.isNamed, rules[..<index].contains(where: { $0.isNamed && $0.name == rule.name }) {
        return (rule.name + ": " + rule.text, "the name \(rule.name) is given twice")
      }
      if !rule.isNamed, rules[..<index].contains(where: { !$0.isNamed && $0.text == rule.text }) {
        return (rule.text, "the rule is given twice")
      }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x5F || byte == 0x2D
  }

  private static func condition(_ sign: String, _ operand: String) throws(RuleError) -> Condition {
    guard let comparison = Comparison(rawValue: sign) else {
      throw RuleError(description: "must compare by >, >=, <, <=, == or !=, not \"\(sign)\"")
    }
    if Catalog.shared[operand]?.isSelectable(by: SeriesSelector(operand)) == true {
      return .metric(comparison, operand)
    }
    let isPercent = operand.hasSuffix("%")
    guard let value = Double(isPercent ? String(operand.dropLast()) : operand), value.isFinite else {
      throw RuleError(
        description: "must compare with a number such as 0.95, 95% or 85, or a metric of /catalog, not \"\(operand)\"")
    }
    return .number(comparison, isPercent ? value / 100 : value)
  }

  /// Parses a duration from 1s to 7d.
  private static func duration(_ text: String) -> Double? {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let last = text.last, let unit = units[last], let count = Int(text.dropLast()), count > 0 else { return nil }
    let seconds = Double(count) * unit
    return seconds <= 7 * 86_400 ? seconds : nil
  }
}
