internal import AgentMetrics
internal import PrometheusExport

/// Visits the values of a Sample as series, with their names in `/metrics`.
final class SampleSeries: FieldVisitor {
  /// A group, list or entry that is being visited.
  private struct NestingLevel {
    /// Number of the group or list; nil at the top.
    let field: Int?
    /// Number of labels of the enclosing entries.
    let labels: Int
    /// Labels of its own info metric.
    var texts: [String] = []
  }

  private let body: (PushSeriesKey, Double) -> Void
  private let names: PrometheusNames
  private var frames = [NestingLevel(field: nil, labels: 0)]
  /// Labels of the enclosing entries, names and values in turn.
  private var labels: [String] = []

  private init(_ names: PrometheusNames, _ body: @escaping (PushSeriesKey, Double) -> Void) {
    self.body = body
    self.names = names
  }

  /// Calls `body` for every series of a sample.
  static func visit(
    _ sample: Sample, names: PrometheusNames = .shared, _ body: (PushSeriesKey, Double) -> Void
  ) {
    withoutActuallyEscaping(body) { body in
      Sample.table.visit(sample, SampleSeries(names, body))
    }
  }

  // MARK: FieldVisitor

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    if let member = names.members[field] { add(member, definition.unit.roundedToPrecision(value)) }
  }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) {
    if let member = names.members[field] { add(member, value ? 1 : 0) }
  }

  private func add(_ member: PrometheusNames.Member, _ value: Double) {
    body(PushSeriesKey(family: member.family, labels: labels), value)
  }

  func text(_ definition: Definition, _ value: String, at field: Int) {
    guard let member = names.members[field] else { return }
    // Prometheus treats an empty label as absent.
    let label = value.isEmpty ? [] : [member.name, value]
    if member.isGroupInfo {
      frames[frames.count - 1].texts += label
    } else {
      body(PushSeriesKey(family: member.family, labels: labels + label), 1)
    }
  }

  func enter(_ name: String, at field: Int) {
    frames.append(NestingLevel(field: field, labels: labels.count))
  }

  func leave() {
    guard let frame = frames.popLast() else { return }
    if !frame.texts.isEmpty, let info = frame.field.flatMap({ names.infos[$0] }) {
      body(PushSeriesKey(family: info, labels: labels + frame.texts), 1)
    }
    labels.removeLast(labels.count - frame.labels)
  }

  func enterList(_ name: String, at field: Int) {
    enter(name, at: field)
  }

  func enterItem() {
    enterItem { [] }
  }

  func enterItem(_ values: () -> [String]) {
    let list = frames[frames.count - 1].field
    let outer = labels.count
    if let names = list.flatMap({ names.labels[$0] }) {
      for (label, value) in zip(names, values()) where !value.isEmpty {
        labels.append(label)
        labels.append(value)
      }
    }
    frames.append(NestingLevel(field: list, labels: outer))
  }

  func leaveList() {
    leave()
  }
}
