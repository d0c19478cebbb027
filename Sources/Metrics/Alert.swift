/// A threshold that a metric violates.
package struct Alert: MetricGroup, Hashable {
  /// Progress of an alert.
  package enum Phase: String, Sendable, CaseIterable {
    /// The condition holds, but not yet for as long as the rule requires.
    case pending
    case firing
  }

  /// Name of the rule.
  package var name = ""
  /// Label values of the metric's series, separated by commas: "/var", "0"; empty for a single series.
  package var target = ""
  /// The rule as text, `filesystems.usage > 0.95 for 5m`.
  package var rule = ""
  package var phase = Phase.pending
  /// Whether a user has silenced it until it ends.
  package var isSilenced = false
  /// The newest value, in the unit of its JSON; NaN where it is no longer reported.
  package var value = Double.nan
  /// POSIX time since which the condition holds.
  package var since = Double.nan
  /// The alert in words: "/var: filesystem 97% full".
  package var summary = ""

  /// 1 while it is pending, 2 while it is firing.
  package var state: Double { phase == .firing ? 2 : 1 }

  package init() {}

  package static let table = Table<Alert>([
    .text("alert", "Name of the alert's rule", source: "--alert", \.name),
    .text("target", "Labels of the series that violates it, separated by commas", source: "the agent", \.target),
    .text("rule", "Condition", source: "--alert", \.rule),
    .word("phase", "Whether its condition holds for long enough", source: "the agent", \.phase),
    .flag("silenced", "Whether a user has silenced it until it ends", source: "the agent", \.isSilenced),
    .gauge("state", .count, "1 while pending, 2 while firing", source: "the agent", \.state),
    .gauge("value", .count, "Newest value of the metric, in its unit", source: "the agent", \.value).fractional,
    .timestamp("since", "Time since which the condition holds", source: "the agent", \.since),
    .text("summary", "Description in one line", source: "the agent", \.summary),
  ])
}
