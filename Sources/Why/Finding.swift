/// A reason why a machine is slow, with the values that it rests on.
package struct Finding: Sendable, Hashable {
  /// A value behind a finding.
  package struct Evidence: Sendable, Hashable {
    /// Id in the catalog, with labels where there are several series.
    package let metric: String
    /// In the unit of its JSON.
    package let value: Double
  }

  /// Name of the rule.
  package let rule: String
  /// One sentence without a full stop: "45% of the time all tasks waited for memory; java holds 61% of it".
  package let text: String
  package let evidence: [Evidence]
}
