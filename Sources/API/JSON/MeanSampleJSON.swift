internal import AgentMetrics
internal import History

/// The samples of one step as one: the last of them, with the means of all in place of its levels.
///
/// Counters and texts stay as the last sample has them, and so do entries that are no time series, as processes.
enum MeanSampleJSON {
  static func encode(_ samples: [Sample]) -> [UInt8] {
    guard let last = samples.last, samples.count > 1 else { return samples.last.map(SampleJSON.encode) ?? [] }
    let writer = MeanWriter(means(of: samples))
    SampleJSON.write(last, to: writer.writer, by: writer)
    return writer.writer.bytes
  }

  /// For each metric, the means of the last sample's values in their order.
  private static func means(of samples: [Sample]) -> [String: [Double]] {
    var means: [String: [Double]] = [:]
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
      means[metric.id] = order.map { labels in sums[labels].map { $0.sum / $0.count } ?? .nan }
    }
    return means
  }
}

/// Writes means in place of the numbers that it is shown, metric by metric in their order.
private final class MeanWriter: FieldVisitor {
  let writer = JSONWriter(capacity: 16_384)
  private var means: [String: ArraySlice<Double>]
  /// Names on the way here; a list's entry has none.
  private var path: [String?] = []

  init(_ means: [String: [Double]]) {
    self.means = means.mapValues { $0[...] }
  }

  func number(_ definition: Definition, _ value: Double) {
    let id = (path.compactMap(\.self) + [definition.name]).joined(separator: ".")
    writer.number(definition, means[id]?.popFirst() ?? value)
  }

  func text(_ definition: Definition, _ value: String) { writer.text(definition, value) }

  func flag(_ definition: Definition, _ value: Bool) { writer.flag(definition, value) }

  func enter(_ name: String) {
    path.append(name)
    writer.enter(name)
  }

  func leave() {
    path.removeLast()
    writer.leave()
  }

  func enterList(_ name: String) {
    path.append(name)
    writer.enterList(name)
  }

  func enterItem() {
    path.append(nil)
    writer.enterItem()
  }

  func leaveList() {
    path.removeLast()
    writer.leaveList()
  }
}
