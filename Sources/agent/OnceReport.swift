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
    case .ratio: fixed(value * 100, 1) + " %"
    case .bytes, .mebibytes: binary(value) + "B"
    case .bytesPerSecond: binary(value) + "B/s"
    case .megabitsPerSecond: fixed(value / definition.unit.factor, 0) + " Mbit/s"
    case .seconds where definition.name.hasSuffix("_time_seconds"): Timestamp(seconds: value).rfc3339
    case .seconds: value < 1 ? fixed(value * 1_000, 3) + " ms" : duration(value)
    case .milliseconds: fixed(value * 1_000, 2) + " ms"
    case .celsius: fixed(value, 1) + " °C"
    case .megahertz: fixed(value / definition.unit.factor, 0) + " MHz"
    case .watts: fixed(value, 1) + " W"
    case .joules: fixed(value, 0) + " J"
    case .rpm: fixed(value, 0) + " rpm"
    case .cores: fixed(value, 2)
    case .perSecond: fixed(value, 1) + "/s"
    case .count, .none: fixed(value, 2, trimmed: true)
    }
  }

  /// Formats a duration: "41 d 0 h", "6 h 5 min", "3 min 2 s", "12 s".
  private static func duration(_ seconds: Double) -> String {
    guard seconds < 1e12 else { return fixed(seconds, 0) + " s" }
    let whole = Int(seconds)
    return switch whole {
    case 86_400...: "\(whole / 86_400) d \(whole % 86_400 / 3_600) h"
    case 3_600...: "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    case 60...: "\(whole / 60) min \(whole % 60) s"
    default: "\(whole) s"
    }
  }

  private static func binary(_ value: Double) -> String {
    var value = value
    var prefix = ""
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi"] where abs(value) >= 1_024 {
      value /= 1_024
      prefix = next
    }
    return fixed(value, prefix.isEmpty ? 0 : 1) + " " + prefix
  }

  private static func fixed(_ value: Double, _ decimals: Int, trimmed: Bool = false) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9e15 else { return String(value) }
    let whole = Int(scaled)
    let sign = value < 0 && whole != 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(whole) }
    var fraction = String(whole % Int(scale))
    fraction = String(repeating: "0", count: decimals - fraction.count) + fraction
    if trimmed { while fraction.last == "0" { fraction.removeLast() } }
    return sign + String(whole / Int(scale)) + (fraction.isEmpty ? "" : "." + fraction)
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
