internal import AgentMetrics

/// Values of one group, or of the entries of one list.
struct ValueSection {
  struct Column {
    let number: Int
    let name: String
    let isText: Bool
  }

  let title: String
  let isList: Bool
  /// In the order of the catalog.
  var columns: [Column] = []
  /// Texts by the number of their field.
  var rows: [[Int: String]] = []
}

/// Collects the values of a panel's domain as sections.
final class ValueCollector: FieldVisitor {
  /// An open group, list or list entry.
  private struct Frame {
    /// Its section; nil outside of the domain.
    var section: Int?
    /// Names of the groups between the section and the fields.
    var prefix: [String] = []
    /// Labels of an entry.
    var labels = ""
  }

  private(set) var sections: [ValueSection] = []
  private let panel: PanelDescriptor
  private let glyphs: Glyphs
  private let clock: WallClock
  private var open: [Frame] = []

  /// Number of the column that names the outer entry of a nested list's entry.
  private static let outer = -1

  init(_ panel: PanelDescriptor, _ glyphs: Glyphs, _ clock: WallClock) {
    self.panel = panel
    self.glyphs = glyphs
    self.clock = clock
  }

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    let isTime = definition.help.hasPrefix("POSIX time") && value.isFinite
    add(isTime ? clock.time(value) : TextFormat.value(value, definition.unit, glyphs), definition, field)
  }

  func text(_ definition: Definition, _ value: String, at field: Int) { add(value, definition, field) }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) { add(value ? "yes" : "no", definition, field) }

  private func add(_ text: String, _ definition: Definition, _ field: Int) {
    guard let frame = open.last, let section = frame.section else { return }
    let name = (frame.prefix + [Self.name(of: definition)]).joined(separator: " ")
    let isText = definition.kind == .info || definition.kind == .flag
    add(text, ValueSection.Column(number: field, name: name, isText: isText), to: section)
  }

  private func add(_ text: String, _ column: ValueSection.Column, to section: Int) {
    guard !sections[section].rows.isEmpty else { return }
    if !sections[section].columns.contains(where: { $0.number == column.number }) {
      // An index names an entry.
      let place = column.name == "index" ? 0 : sections[section].columns.firstIndex { $0.number > column.number }
      sections[section].columns.insert(column, at: place ?? sections[section].columns.count)
    }
    sections[section].rows[sections[section].rows.count - 1][column.number] = text
  }

  func enter(_ name: String, at field: Int) {
    if var frame = open.last, frame.section != nil {
      frame.prefix.append(name.split(separator: "_").joined(separator: " "))
      open.append(frame)
    } else {
      open.append(Frame(section: section(field, isList: false)))
    }
  }

  func leave() { open.removeLast() }

  func enterList(_ name: String, at field: Int) {
    open.append(Frame(section: section(field, isList: true), labels: open.last?.labels ?? ""))
  }

  func enterItem() { enterItem { [] } }

  func enterItem(_ labels: () -> [String]) {
    var frame = open.last ?? Frame()
    if let section = frame.section {
      sections[section].rows.append([:])
      if !frame.labels.isEmpty {
        add(frame.labels, ValueSection.Column(number: Self.outer, name: "of", isText: true), to: section)
      }
      frame.labels = labels().joined(separator: " ")
    }
    open.append(frame)
  }

  func leaveList() { open.removeLast() }

  /// The section of a group or list; nil outside of the domain.
  private func section(_ field: Int, isList: Bool) -> Int? {
    let id = Catalog.shared.nodes[field].id
    guard panel.catalog.contains(where: { (id + ".").hasPrefix($0) }) else { return nil }
    // Entries of a nested list are one table for all outer entries.
    if let known = sections.firstIndex(where: { $0.title == id }), isList { return known }
    sections.append(ValueSection(title: id, isList: isList, rows: isList ? [] : [[:]]))
    return sections.count - 1
  }

  /// The JSON name in words, without the unit, which the value's text has.
  static func name(of definition: Definition) -> String {
    var name = definition.name[...]
    for (ending, word) in [
      ("_bytes_per_sec", ""), ("_per_sec", "/s"), ("_bytes_total", " total"), ("_bytes", ""), ("_mb", ""), ("_ms", ""),
      ("_seconds", ""),
      ("_mhz", ""), ("_celsius", ""), ("_c", ""), ("_mbps", ""), ("_watts", ""), ("_w", ""), ("_joules", ""),
    ] where name.hasSuffix(ending) {
      name = name.dropLast(ending.utf8.count) + word
      break
    }
    return name.split(separator: "_").joined(separator: " ")
  }
}
