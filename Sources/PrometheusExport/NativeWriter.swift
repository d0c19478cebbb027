internal import AgentMetrics

/// Writes a sample's values under the agent's own names (PrometheusNames).
///
/// A sample is visited group by group, but a family's samples must be contiguous: lines are written in visiting order
/// and sorted at the end.
final class NativeWriter: FieldVisitor {
  /// One struct, so that exclusive access is checked once per call rather than per member (class exclusivity checks).
  private var lines = NativeLines(names: .shared)

  /// Writes all families of a sample.
  static func write(_ sample: Sample, to exposition: inout Exposition) {
    let writer = NativeWriter()
    Sample.table.visit(sample, writer)
    writer.lines.finish(to: &exposition)
  }

  func number(_ definition: Definition, _ value: Double, at field: Int) { lines.number(value, at: field) }

  func text(_ definition: Definition, _ value: String, at field: Int) { lines.text(value, at: field) }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) { lines.flag(value, at: field) }

  func enter(_ name: String, at field: Int) { lines.enter(at: field) }

  func leave() { lines.leave() }

  func enterList(_ name: String, at field: Int) { lines.enter(at: field) }

  func enterItem() { lines.enterItem { [] } }

  func enterItem(_ labels: () -> [String]) { lines.enterItem(labels) }

  func leaveList() { lines.leave() }
}

/// Lines of a sample before sorting.
private struct NativeLines {
  /// A group, list or entry that is being visited.
  private struct NestingLevel {
    /// Number of the group or list; nil at the top.
    let field: Int?
    /// Number of labels of the enclosing entries.
    let labels: Int
    /// Labels of its own `_info` metric.
    var texts: [UInt8] = []
  }

  private let names: PrometheusNames
  private var frames = [NestingLevel(field: nil, labels: 0)]
  /// Labels of all enclosing entries, `gpu="0",`.
  private var labels: [UInt8] = []
  private var lines: [UInt8] = []
  /// The ends of the lines, and the next one of the same family.
  private var records: [(end: Int, next: Int)] = []
  private var heads: [(first: Int, last: Int)]

  init(names: PrometheusNames) {
    self.names = names
    heads = Array(repeating: (-1, -1), count: names.families.count)
    lines.reserveCapacity(32_768)
  }

  func finish(to exposition: inout Exposition) {
    lines.withUnsafeBufferPointer { lines in
      for (index, family) in names.families.enumerated() where heads[index].first >= 0 {
        exposition.family(named: family.sample, family.kind.exposed, family.help, unit: family.unit)
        var record = heads[index].first
        while record >= 0 {
          let start = record == 0 ? 0 : records[record - 1].end
          exposition.samples(UnsafeBufferPointer(rebasing: lines[start..<records[record].end]))
          record = records[record].next
        }
      }
    }
  }

  // MARK: Lines

  private mutating func begin(_ family: Int, _ texts: [UInt8] = []) {
    lines.append(contentsOf: names.families[family].sample.utf8)
    let own = frames[frames.count - 1].labels
    guard own > 0 || !texts.isEmpty else { return }
    lines.append(UInt8(ascii: "{"))
    lines.append(contentsOf: labels[..<own])
    lines.append(contentsOf: texts)
    // Replaces the comma after the last label.
    lines[lines.count - 1] = UInt8(ascii: "}")
  }

  private mutating func end(_ family: Int) {
    lines.append(UInt8(ascii: "\n"))
    let record = records.count
    records.append((lines.count, -1))
    if heads[family].first < 0 {
      heads[family].first = record
    } else {
      records[heads[family].last].next = record
    }
    heads[family].last = record
  }

  // MARK: Visited values

  mutating func number(_ value: Double, at field: Int) {
    guard let member = names.members[field] else { return }
    begin(member.family)
    lines.append(UInt8(ascii: " "))
    lines.append(decimal: value, digits: member.unit.baseDecimals)
    end(member.family)
  }

  mutating func text(_ value: String, at field: Int) {
    guard let member = names.members[field] else { return }
    var label = Array(member.name.utf8)
    label += [UInt8(ascii: "="), UInt8(ascii: "\"")]
    var value = value
    value.withUTF8 { Exposition.append(escaping: $0, to: &label) }
    label += [UInt8(ascii: "\""), UInt8(ascii: ",")]
    if member.isGroupInfo {
      frames[frames.count - 1].texts += label
    } else {
      begin(member.family, label)
      lines += [UInt8(ascii: " "), UInt8(ascii: "1")]
      end(member.family)
    }
  }

  mutating func flag(_ value: Bool, at field: Int) {
    guard let member = names.members[field] else { return }
    begin(member.family)
    lines += [UInt8(ascii: " "), UInt8(ascii: value ? "1" : "0")]
    end(member.family)
  }

  mutating func enterItem(_ values: () -> [String]) {
    let list = frames[frames.count - 1]
    labels.removeLast(labels.count - list.labels)
    if let names = list.field.flatMap({ names.labels[$0] }) {
      for (label, var value) in zip(names, values()) {
        labels.append(contentsOf: label.utf8)
        labels += [UInt8(ascii: "="), UInt8(ascii: "\"")]
        value.withUTF8 { Exposition.append(escaping: $0, to: &labels) }
        labels += [UInt8(ascii: "\""), UInt8(ascii: ",")]
      }
    }
    frames.append(NestingLevel(field: list.field, labels: labels.count))
  }

  mutating func enter(at field: Int) {
    frames.append(NestingLevel(field: field, labels: frames[frames.count - 1].labels))
  }

  mutating func leave() {
    let frame = frames[frames.count - 1]
    if !frame.texts.isEmpty, let info = frame.field.flatMap({ names.infos[$0] }) {
      begin(info, frame.texts)
      lines += [UInt8(ascii: " "), UInt8(ascii: "1")]
      end(info)
    }
    frames.removeLast()
  }
}

extension PrometheusName.FamilyType {
  fileprivate var exposed: Exposition.ExposedType {
    switch self {
    case .gauge: .gauge
    case .counter: .counter
    case .info: .info
    }
  }
}

extension Unit {
  /// Decimals in the base unit with the precision of ``decimals`` in this unit.
  fileprivate var baseDecimals: Int {
    self == .milliseconds ? decimals + 3 : decimals
  }
}
