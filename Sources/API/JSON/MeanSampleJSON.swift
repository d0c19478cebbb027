internal import AgentMetrics

/// Merges the samples of one step: the last of them, with its gauges replaced by the means of all.
///
/// Counters and texts stay those of the last sample, and so do entries that are not time series, such as processes.
enum MeanSampleJSON {
  static func encode(_ samples: [Sample]) -> [UInt8] {
    guard let last = samples.last, samples.count > 1 else { return samples.last.map(SampleJSON.encode) ?? [] }
    let writer = MeanWriter(means(of: samples))
    SampleJSON.write(last, to: writer.writer, by: writer)
    return writer.writer.bytes
  }

  /// Means of the last sample's values in their order, by the metric's number.
  private static func means(of samples: [Sample]) -> [ArraySlice<Double>] {
    var means: [ArraySlice<Double>] = Array(repeating: [], count: Catalog.shared.nodes.count)
    for metric in Catalog.shared.metrics where metric.isSeries && metric.definition.kind == .gauge {
      var sums: [[String]: (sum: Double, count: Double)] = [:]
      var order: [[String]] = []
      for (index, sample) in samples.enumerated() {
        metric.values(in: sample) { labels, value in
          let known = sums[labels] ?? (0, 0)
          sums[labels] = (known.sum + value, known.count + 1)
          if index == samples.count - 1 { order.append(labels) }
        }
      }
      means[metric.number] = order.map { labels in sums[labels].map { $0.sum / $0.count } ?? .nan }[...]
    }
    return means
  }
}

/// Replaces the numbers it visits by means, metric by metric in their order.
private final class MeanWriter: FieldVisitor {
  let writer = JSONWriter(capacity: 16_384)
  /// Means by the metric's number.
  private var means: [ArraySlice<Double>]

  init(_ means: [ArraySlice<Double>]) {
    self.means = means
  }

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    writer.number(definition, means[field].popFirst() ?? value, at: field)
  }

  func text(_ definition: Definition, _ value: String, at field: Int) { writer.text(definition, value, at: field) }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) { writer.flag(definition, value, at: field) }

  func enter(_ name: String, at field: Int) { writer.enter(name, at: field) }

  func leave() { writer.leave() }

  func enterList(_ name: String, at field: Int) { writer.enterList(name, at: field) }

  func enterItem() { writer.enterItem() }

  func leaveList() { writer.leaveList() }
}
