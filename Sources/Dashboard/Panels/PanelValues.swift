internal import AgentMetrics

/// A line of a scrolled list: texts with their columns.
struct PanelLine {
  struct Part {
    let x: Int
    let text: String
    let style: Style
    /// Columns, where the text stands at their right end; nil for a text at the left.
    var width: Int?
  }

  var parts: [Part] = []
}

/// Every value that is collected in a panel's domain, from the catalog, for the panel alone.
///
/// Values without labels are pairs of name and value; a list is a table with a row per entry, or with a row per value
/// where its columns do not fit.
struct PanelValues {
  let context: Context
  let panel: PanelDescriptor
  private var glyphs: Glyphs { context.glyphs }

  private static let gap = 2
  private static let maxTextWidth = 24

  /// The lines at a width.
  func lines(width: Int) -> [PanelLine] {
    sections.flatMap { section -> [PanelLine] in
      let body = section.isList ? tables(of: section, width) : pairs(of: section, width)
      return body.isEmpty ? [] : [PanelLine(parts: [.init(x: 0, text: section.title, style: .title)])] + body
    }
  }

  /// The values of the domain, and those that follow from two of them.
  private var sections: [ValueSection] {
    let collector = ValueCollector(panel, glyphs, context.clock)
    Sample.table.visit(context.sample, collector)
    var sections = collector.sections
    if let place = sections.firstIndex(where: { $0.title == "networks" }) { addLinkShares(to: &sections[place]) }
    return panel == .cpu ? sections + temperatures : sections
  }

  /// Adds the share of an interface's link that the busier direction uses.
  private func addLinkShares(to section: inout ValueSection) {
    let number = Int.max
    for (row, network) in context.sample.networks.enumerated() where section.rows.indices.contains(row) {
      let share = max(network.receiveRate, network.transmitRate) / network.speed
      if share.isFinite { section.rows[row][number] = TextFormat.fine(share, glyphs) + "%" }
    }
    guard section.rows.contains(where: { $0[number] != nil }) else { return }
    let place = section.columns.firstIndex { $0.name == "speed" }.map { $0 + 1 } ?? section.columns.count
    section.columns.insert(.init(number: number, name: "share of link", isText: false), at: place)
  }

  /// Chips of the kernel's drivers for CPUs.
  private static let cpuChips = ["coretemp", "k10temp", "zenpower", "cpu"]

  /// The temperatures of cores and packages, which sensors know by names of their own.
  private var temperatures: [ValueSection] {
    let collector = ValueCollector(.temperature, glyphs, context.clock)
    Sample.table.visit(context.sample, collector)
    guard var section = collector.sections.first(where: { $0.title == "temperatures" }) else { return [] }
    section.rows = zip(context.sample.temperatures, section.rows).compactMap { sensor, row in
      Self.cpuChips.contains { sensor.chip.hasPrefix($0) } ? row : nil
    }
    return section.rows.isEmpty ? [] : [section]
  }

  /// Names and values, side by side.
  private func pairs(of section: ValueSection, _ width: Int) -> [PanelLine] {
    let values = section.rows.first ?? [:]
    let columns = max(1, min(4, width / 40))
    let own = (width - Self.gap * (columns - 1)) / columns
    let count = (section.columns.count + columns - 1) / columns
    return (0..<count).map { row in
      var line = PanelLine()
      for column in 0..<columns where column * count + row < section.columns.count {
        let field = section.columns[column * count + row]
        let x = column * (own + Self.gap)
        let text = values[field.number] ?? ""
        let room = own - min(own / 2, Grid.columns(of: field.name)) - 1
        line.parts.append(.init(x: x, text: field.name, style: .muted))
        line.parts.append(.init(x: x + own - room, text: text, style: .plain, width: room))
      }
      return line
    }
  }

  private func tables(of section: ValueSection, _ width: Int) -> [PanelLine] {
    let widths = section.columns.map { column in
      let longest = section.rows.compactMap { $0[column.number].map { Grid.columns(of: $0) } }.max() ?? 0
      return max(min(longest, Self.maxTextWidth), Grid.columns(of: column.name))
    }
    let whole = widths.reduce(-Self.gap) { $0 + $1 + Self.gap }
    return whole <= width ? table(of: section, widths, width) : transposed(section, width)
  }

  /// Space between two parts of a long table side by side, and the fewest rows of a part.
  private static let (partGap, partRows) = (4, 6)

  /// A row per entry; long tables are divided into as many parts side by side as fit.
  private func table(of section: ValueSection, _ widths: [Int], _ width: Int) -> [PanelLine] {
    let whole = widths.reduce(-Self.gap) { $0 + $1 + Self.gap }
    let count = section.rows.count
    let fitting = (width + Self.partGap) / max(1, whole + Self.partGap)
    let parts = max(1, min(fitting, (count + Self.partRows - 1) / Self.partRows))
    let rows = (count + parts - 1) / parts
    var lines = [PanelLine](repeating: PanelLine(), count: rows + 1)
    for part in 0..<parts {
      var x = part * (whole + Self.partGap)
      for (column, width) in zip(section.columns, widths) {
        let right = column.isText ? nil : Optional(width)
        lines[0].parts.append(.init(x: x, text: column.name, style: .muted, width: right))
        for row in part * rows..<max(part * rows, min(count, (part + 1) * rows)) {
          guard let text = section.rows[row][column.number] else { continue }
          let shown = TextFormat.shortened(text, to: Self.maxTextWidth, glyphs)
          lines[row - part * rows + 1].parts.append(
            .init(x: x, text: shown, style: column.isText ? .bold : .plain, width: right))
        }
        x += width + Self.gap
      }
    }
    return lines
  }

  /// A row per value and a column per entry, in blocks of as many entries as fit; the first value is the heading.
  private func transposed(_ section: ValueSection, _ width: Int) -> [PanelLine] {
    let names = min(section.columns.map { Grid.columns(of: $0.name) }.max() ?? 0, width / 3)
    func longest(_ columns: [ValueSection.Column]) -> Int {
      let texts = columns.flatMap { column in section.rows.compactMap { $0[column.number] } }
      return texts.map { Grid.columns(of: $0) }.max() ?? 0
    }
    // As wide as all entries allow; names are shortened before numbers.
    let all = (width - names) / max(1, section.rows.count) - Self.gap
    let widest = min(Self.maxTextWidth, longest(section.columns))
    let cell = max(8, min(widest, max(all, longest(section.columns.filter { !$0.isText }))))
    let count = max(1, (width - names) / (cell + Self.gap))
    var lines: [PanelLine] = []
    for start in stride(from: 0, to: section.rows.count, by: count) {
      let rows = section.rows[start..<min(section.rows.count, start + count)]
      if start > 0 { lines.append(PanelLine()) }
      for (place, column) in section.columns.enumerated() where rows.contains(where: { $0[column.number] != nil }) {
        var line = PanelLine(parts: [.init(x: 0, text: column.name, style: .muted, width: nil)])
        for (index, values) in rows.enumerated() {
          guard let text = values[column.number] else { continue }
          let x = names + Self.gap + index * (cell + Self.gap)
          line.parts.append(.init(x: x, text: text, style: place == 0 ? .bold : .plain, width: cell))
        }
        lines.append(line)
      }
    }
    return lines
  }

  /// Draws lines with the panel's scroll position, and the number of hidden ones below.
  static func draw(
    _ lines: [PanelLine], of panel: PanelDescriptor, _ context: Context, on grid: inout Grid, in rect: Rect
  ) {
    guard !rect.isEmpty, !lines.isEmpty else { return }
    var rest = rect
    let hasFoot = lines.count > rect.height && rect.height >= 4
    let foot = hasFoot ? rest.takeBottom(1) : Rect(x: 0, y: 0, width: 0, height: 0)
    let window = context.window(lines, count: rest.height, in: panel)
    for line in window.rows {
      let row = rest.takeTop(1)
      for part in line.parts where part.x < row.width {
        let x = row.x + part.x
        if let width = part.width {
          // A text that is too long keeps its begin.
          let text = TextFormat.shortened(part.text, to: width, context.glyphs)
          grid.putRight(text, end: min(row.right, x + width), y: row.y, part.style, limit: width)
        } else {
          grid.putShortened(part.text, x: x, y: row.y, part.style, limit: row.right - x)
        }
      }
    }
    guard hasFoot else { return }
    grid.putShortened(
      window.hidden.text(context.glyphs) + " lines: up, down, PgUp, PgDn", x: foot.x, y: foot.y, .muted,
      limit: foot.width)
  }
}
