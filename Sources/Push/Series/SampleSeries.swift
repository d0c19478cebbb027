internal import AgentMetrics

/// The figures of a Sample as series, under the names that `/metrics` gives them.
final class SampleSeries: FieldVisitor {
  /// A domain that is being shown.
  private struct Frame {
    /// Where the labels of what is around end.
    let labels: Int
    /// Labels of its own info.
    var texts: [String] = []
  }

  private let body: (SeriesKey, Double) -> Void
  private var cursor: PrometheusCursor
  private var frames = [Frame(labels: 0)]
  /// Of all entries around, names and values in turn.
  private var labels: [String] = []

  private init(_ names: PrometheusNames, _ body: @escaping (SeriesKey, Double) -> Void) {
    self.body = body
    cursor = PrometheusCursor(names)
  }

  /// Calls `body` for every series of a sample.
  static func visit(
    _ sample: Sample, names: PrometheusNames = .shared, _ body: (SeriesKey, Double) -> Void
  ) {
    withoutActuallyEscaping(body) { body in
      Sample.table.visit(sample, SampleSeries(names, body))
    }
  }

  // MARK: FieldVisitor

  func number(_ definition: Definition, _ value: Double) {
    add(definition, definition.unit.told(value))
  }

  func flag(_ definition: Definition, _ value: Bool) {
    add(definition, value ? 1 : 0)
  }

  private func add(_ definition: Definition, _ value: Double) {
    if let family = cursor.figure(definition.name)?.family { body(SeriesKey(family: family, labels: labels), value) }
  }

  func text(_ definition: Definition, _ value: String) {
    guard let figure = cursor.figure(definition.name), let family = figure.family else { return }
    // A label without a value is none.
    let label = value.isEmpty ? [] : [figure.name, value]
    if family == cursor.node.info {
      frames[frames.count - 1].texts += label
    } else {
      body(SeriesKey(family: family, labels: labels + label), 1)
    }
  }

  func enter(_ name: String) {
    if cursor.enter(name) { frames.append(Frame(labels: labels.count)) }
  }

  func leave() {
    guard let node = cursor.leave(), let frame = frames.popLast() else { return }
    if let info = node.info, !frame.texts.isEmpty {
      body(SeriesKey(family: info, labels: labels + frame.texts), 1)
    }
    labels.removeLast(labels.count - frame.labels)
  }

  func enterList(_ name: String) {
    enter(name)
  }

  func enterItem() {
    enterItem { [] }
  }

  func enterItem(_ values: () -> [String]) {
    guard cursor.enterItem() else { return }
    let outer = labels.count
    for (label, value) in zip(cursor.node.labels, values()) where !value.isEmpty {
      labels.append(label)
      labels.append(value)
    }
    frames.append(Frame(labels: outer))
  }

  func leaveList() {
    leave()
  }
}
