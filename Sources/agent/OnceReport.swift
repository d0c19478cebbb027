import AgentMetrics
import SystemIO

/// A sample as readable text, generated from the catalog: a heading per domain, its metrics in a column, lists as
/// tables.
///
/// No metric is listed by hand, so that new ones appear automatically.
struct OnceReport {
  static func text(of sample: Sample) -> String {
    let outline = Outline()
    Sample.table.visit(sample, outline)
    var lines: [String] = [sample.timestamp.rfc3339]
    outline.root.write(indent: 0, into: &lines)
    return lines.joined(separator: "\n") + "\n"
  }

  /// Formats a value for people, such as "1.2 GiB".
  static func text(_ definition: Definition, _ value: Double) -> String {
    switch definition.unit {
    case .ratio: (value * 100).fixed(1) + " %"
    case .bytes, .mebibytes: binary(value) + "B"
    case .bytesPerSecond: binary(value) + "B/s"
    case .megabitsPerSecond: (value / definition.unit.factor).fixed(0) + " Mbit/s"
    case .seconds where definition.name.hasSuffix("_time_seconds"): Timestamp(seconds: value).rfc3339
    case .seconds: value < 1 ? (value * 1_000).fixed(3) + " ms" : duration(value)
    case .milliseconds: (value * 1_000).fixed(2) + " ms"
    case .celsius: value.fixed(1) + " °C"
    case .megahertz: (value / definition.unit.factor).fixed(0) + " MHz"
    case .watts: value.fixed(1) + " W"
    case .joules: value.fixed(0) + " J"
    case .rpm: value.fixed(0) + " rpm"
    case .cores: value.fixed(2)
    case .perSecond: value.fixed(1) + "/s"
    case .count, .none: value.fixed(2, trimmed: true)
    }
  }

  /// Formats a duration: "41 d 0 h", "6 h 5 min", "3 min 2 s", "12 s".
  static func duration(_ seconds: Double) -> String {
    guard abs(seconds) < 1e12 else { return seconds.fixed(0) + " s" }
    let whole = Int(seconds)
    return switch whole {
    case 86_400...: "\(whole / 86_400) d \(whole % 86_400 / 3_600) h"
    case 3_600...: "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    case 60...: "\(whole / 60) min \(whole % 60) s"
    default: "\(whole) s"
    }
  }

  static func binary(_ value: Double) -> String {
    var value = value
    var prefix = ""
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi"] where abs(value) >= 1_024 {
      value /= 1_024
      prefix = next
    }
    return value.fixed(prefix.isEmpty ? 0 : 1) + " " + prefix
  }
}

/// A sample as a tree of texts.
private final class Outline: FieldVisitor {
  final class ReportSection {
    enum Child {
      case metric(name: String, text: String)
      case part(name: String, ReportSection)
      case list(name: String, [ReportSection])
    }
    var children: [Child] = []

    /// Writes metrics first in their order, then parts and lists beneath their headings.
    func write(indent: Int, into lines: inout [String]) {
      let margin = String(repeating: " ", count: indent)
      let names = children.compactMap { child in if case .metric(let name, _) = child { name.count } else { nil } }
      let width = names.max() ?? 0
      for case .metric(let name, let text) in children {
        lines.append(margin + name + String(repeating: " ", count: width - name.count + 2) + text)
      }
      for child in children {
        switch child {
        case .metric: continue
        case .part(let name, let section):
          if indent == 0 { lines.append("") }
          lines.append(margin + name)
          section.write(indent: indent + 2, into: &lines)
        case .list(let name, let nodes) where !nodes.isEmpty:
          if indent == 0 { lines.append("") }
          lines.append(margin + name)
          Self.writeTable(nodes, margin: margin + "  ", into: &lines)
        case .list: continue
        }
      }
    }

    /// Writes a row per entry, with a column per metric that any entry has.
    private static func writeTable(_ nodes: [ReportSection], margin: String, into lines: inout [String]) {
      var columns: [String] = []
      for node in nodes {
        var place = 0
        for case .metric(let name, _) in node.children {
          if let index = columns.firstIndex(of: name) {
            place = index + 1
          } else {
            columns.insert(name, at: place)
            place += 1
          }
        }
      }
      var rows = [columns]
      for node in nodes {
        var texts = [String](repeating: "-", count: columns.count)
        for case .metric(let name, let text) in node.children {
          if let column = columns.firstIndex(of: name) { texts[column] = text }
        }
        rows.append(texts)
      }
      let widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
      for row in rows {
        var line = margin
        for (column, text) in row.enumerated() {
          line += text
          if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - text.count + 2) }
        }
        lines.append(line)
      }
    }
  }

  let root = ReportSection()
  private var path: [ReportSection]
  private var lists: [(name: String, nodes: [ReportSection])] = []

  init() {
    path = [root]
  }

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    add(definition, OnceReport.text(definition, value))
  }

  func text(_ definition: Definition, _ value: String, at field: Int) {
    add(definition, value.printable)
  }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) {
    add(definition, value ? "yes" : "no")
  }

  func enter(_ name: String, at field: Int) {
    let node = ReportSection()
    path.last?.children.append(.part(name: name, node))
    path.append(node)
  }

  func leave() {
    path.removeLast()
  }

  func enterList(_ name: String, at field: Int) {
    lists.append((name, []))
  }

  func enterItem() {
    let node = ReportSection()
    if !lists.isEmpty { lists[lists.count - 1].nodes.append(node) }
    path.append(node)
  }

  func leaveList() {
    guard let list = lists.popLast() else { return }
    path.last?.children.append(.list(name: list.name, list.nodes))
  }

  private func add(_ definition: Definition, _ text: String) {
    // The formatted value includes its unit, so the name omits it.
    var name = definition.name
    for suffix in [
      "_bytes_per_sec", "_per_sec", "_mbps", "_mb", "_mhz", "_ms", "_seconds", "_celsius", "_bytes", "_watts",
    ]
    where name.hasSuffix(suffix) {
      name.removeLast(suffix.count)
      break
    }
    path.last?.children.append(.metric(name: name, text: text))
  }
}
