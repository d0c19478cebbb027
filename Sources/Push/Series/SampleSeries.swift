internal import AgentMetrics

/// The figures of a Sample as series, under the names that `/metrics` gives them.
final class SampleSeries: FieldVisitor {
  /// A domain that is being shown.
  private struct Frame {
    let node: Int
    /// Where the labels of what is around end.
    let labels: Int
    /// The figure that is likely to come next.
    var next = 0
    /// Labels of its own info.
    var texts: [String] = []
  }

  private let names: PrometheusNames
  private let body: (SeriesKey, Double) -> Void
  private var frames: [Frame]
  /// Domains inside one that is left out.
  private var skipped = 0
  /// Of all entries around, names and values in turn.
  private var labels: [String] = []

  private init(_ names: PrometheusNames, _ body: @escaping (SeriesKey, Double) -> Void) {
    self.names = names
    self.body = body
    frames = [Frame(node: 0, labels: 0)]
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
    if let family = figure(definition.name)?.family { body(SeriesKey(family: family, labels: labels), value) }
  }

  func text(_ definition: Definition, _ value: String) {
    guard let figure = figure(definition.name), let family = figure.family else { return }
    // A label without a value is none.
    let label = value.isEmpty ? [] : [figure.name, value]
    if family == names.nodes[frames[frames.count - 1].node].info {
      frames[frames.count - 1].texts += label
    } else {
      body(SeriesKey(family: family, labels: labels + label), 1)
    }
  }

  func enter(_ name: String) {
    push(name)
  }

  func leave() {
    pop()
  }

  func enterList(_ name: String) {
    push(name)
  }

  func enterItem() {
    enterItem { [] }
  }

  func enterItem(_ values: () -> [String]) {
    guard skipped == 0 else {
      skipped += 1
      return
    }
    let list = frames[frames.count - 1]
    let outer = labels.count
    for (label, value) in zip(names.nodes[list.node].labels, values()) where !value.isEmpty {
      labels.append(label)
      labels.append(value)
    }
    frames.append(Frame(node: list.node, labels: outer))
  }

  func leaveList() {
    pop()
  }

  /// The figure of the present domain by its name; nil where there is none.
  private func figure(_ name: String) -> PrometheusNames.Figure? {
    guard skipped == 0 else { return nil }
    let last = frames.count - 1
    let figures = names.nodes[frames[last].node].figures
    // They come in the order of the table, absent ones passed over.
    for offset in figures.indices {
      var index = frames[last].next + offset
      if index >= figures.count { index -= figures.count }
      if figures[index].name == name {
        frames[last].next = index + 1
        return figures[index]
      }
    }
    return nil
  }

  private func push(_ name: String) {
    guard skipped == 0,
      let part = names.nodes[frames[frames.count - 1].node].parts.first(where: { $0.name == name })
    else {
      skipped += 1
      return
    }
    frames.append(Frame(node: part.node, labels: labels.count))
  }

  private func pop() {
    guard skipped == 0 else {
      skipped -= 1
      return
    }
    guard frames.count > 1, let frame = frames.popLast() else { return }
    if let info = names.nodes[frame.node].info, !frame.texts.isEmpty {
      body(SeriesKey(family: info, labels: labels + frame.texts), 1)
    }
    labels.removeLast(labels.count - frame.labels)
  }
}
