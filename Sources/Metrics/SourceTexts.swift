/// Origins of the metrics on one platform, by metric id or counter name.
///
/// The rows of the tables have Linux's, beside the formulas that they explain; another platform replaces them.
package struct SourceTexts: Sendable {
  /// Texts of the rows.
  package static let rows = SourceTexts(replaced: nil)

  /// Origin of values that the agent makes itself, on every platform.
  static let agent = "the agent"

  private let replaced: [String: String]?

  /// Creates the texts of a platform; a metric without one has none, unless the agent makes it.
  package init(_ texts: [String: String]) {
    self.init(replaced: texts)
  }

  private init(replaced: [String: String]?) {
    self.replaced = replaced
  }

  package func text(of metric: Catalog.Metric) -> String {
    text(metric.id, row: metric.definition.source)
  }

  package func text(of counter: Counter) -> String {
    text(counter.name, row: counter.source)
  }

  private func text(_ id: String, row: String) -> String {
    guard let replaced else { return row }
    return replaced[id] ?? (row == Self.agent ? row : "")
  }
}
