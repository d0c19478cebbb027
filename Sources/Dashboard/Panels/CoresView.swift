internal import AgentMetrics

/// All logical CPUs: a bar each where they fit, else one cell of a strip each.
struct CoresView {
  let cores: [CPU.Core]
  let glyphs: Glyphs

  private static let barWidth = 13
  private static let gap = 2
  private static let labelWidth = 4

  /// Rows for a number of CPUs as bars and as a strip.
  static func rows(_ count: Int, width: Int) -> (bars: Int, strip: Int) {
    guard count > 0 else { return (0, 0) }
    let columns = max(1, (width + gap) / (barWidth + gap))
    let perRow = stripColumns(count, width: width)
    return ((count + columns - 1) / columns, (count + perRow - 1) / perRow)
  }

  /// CPUs per row of the strip: a round number, for easy counting.
  private static func stripColumns(_ count: Int, width: Int) -> Int {
    let cells = max(1, width - labelWidth)
    return [128, 64, 32, 16, 8].first { $0 <= cells } ?? cells
  }

  /// Draws the CPUs and returns the number of rows used.
  @discardableResult
  func draw(on grid: inout Grid, in rect: Rect) -> Int {
    guard !rect.isEmpty, !cores.isEmpty else { return 0 }
    let need = CoresView.rows(cores.count, width: rect.width)
    return need.bars <= rect.height ? drawBars(on: &grid, in: rect) : drawStrip(on: &grid, in: rect)
  }

  private func drawBars(on grid: inout Grid, in rect: Rect) -> Int {
    // As few columns as the rows allow, for longer bars.
    let columns = (cores.count + rect.height - 1) / rect.height
    let rows = (cores.count + columns - 1) / columns
    let width = (rect.width - CoresView.gap * (columns - 1)) / columns
    let labelWidth = String(cores.last?.cpu ?? 0).utf8.count
    for (index, core) in cores.enumerated() {
      let usage = Double(core.usage)
      let x = rect.x + index / rows * (width + CoresView.gap)
      let y = rect.y + index % rows
      grid.putRight(String(core.cpu), end: x + labelWidth, y: y, .muted)
      let cells = width - labelWidth - 6
      if cells > 0 {
        Bar(usage, .load(usage)).draw(on: &grid, x: x + labelWidth + 1, y: y, width: cells, glyphs)
      }
      grid.putRight(TextFormat.percent(usage, glyphs), end: x + width, y: y, .load(usage))
    }
    return rows
  }

  /// Mean use of each group of adjacent CPUs.
  private func means(of group: Int) -> [Double] {
    stride(from: 0, to: cores.count, by: group).map { start in
      let known = cores[start..<min(cores.count, start + group)].map { Double($0.usage) }.filter(\.isFinite)
      return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
    }
  }

  private func drawStrip(on grid: inout Grid, in rect: Rect) -> Int {
    let perRow = CoresView.stripColumns(cores.count, width: rect.width)
    // With fewer rows than needed, each cell shows the mean of several CPUs.
    var group = 1
    while (cores.count + group * perRow - 1) / (group * perRow) > rect.height { group *= 2 }
    let usages = group == 1 ? cores.map { Double($0.usage) } : means(of: group)
    let strips = (usages.count + perRow - 1) / perRow
    // Taller columns, with a blank row between the strips, where they fit; digits cannot be stacked.
    let height = glyphs.isASCII ? 1 : [4, 3, 2].first { strips * ($0 + 1) - 1 <= rect.height } ?? 1
    let levels = height > 1 && glyphs.kind == .console ? ["▄", "█"] : glyphs.strip
    var row = 0
    if group > 1 {
      let x = rect.x + CoresView.labelWidth + min(perRow, usages.count) + 2
      let texts = [String(group) + " CPUs each", String(group) + " each"]
      if let text = texts.first(where: { x + $0.utf8.count <= rect.right }) { grid.put(text, x: x, y: rect.y, .muted) }
    }
    for start in stride(from: 0, to: usages.count, by: perRow) {
      guard row + height <= rect.height else { break }
      let y = rect.y + row + height - 1
      grid.putRight(String(cores[start * group].cpu), end: rect.x + CoresView.labelWidth - 1, y: y, .muted)
      for (column, usage) in usages[start..<min(usages.count, start + perRow)].enumerated() {
        let x = rect.x + CoresView.labelWidth + column
        guard usage.isFinite else {
          grid.put(glyphs.isASCII ? "-" : "·", x: x, y: y, .faint)
          continue
        }
        let style = Style.load(usage)
        let level = min(height * levels.count - 1, Int(max(0, min(1, usage)) * Double(height * levels.count)))
        for step in 0...level / levels.count {
          grid.put(levels[min(levels.count - 1, level - step * levels.count)], x: x, y: y - step, style)
        }
      }
      row += height > 1 ? height + 1 : 1
    }
    return min(row, rect.height)
  }
}
