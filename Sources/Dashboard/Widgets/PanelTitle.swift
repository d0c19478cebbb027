/// The title line of a panel: its name, a detail, a rule, and a summary or column headers at the right.
struct PanelTitle {
  let name: String
  /// A warning, which is never dropped for lack of room.
  var alert = ""
  var more = HiddenRows()
  var detail = ""
  var right = ""
  /// Headers of the columns below, each with its distance from the right edge.
  var heads: [(text: String, end: Int)] = []

  func draw(on grid: inout Grid, in rect: Rect, _ glyphs: Glyphs) {
    // In a border the name is part of the border's line, with a blank before it.
    var x = rect.x
    if !name.isEmpty, x > grid.clip.x, grid.clip.contains(x - 1, rect.y) { grid.put(" ", x: x - 1, y: rect.y) }
    x = grid.put(name, x: rect.x, y: rect.y, .title, limit: rect.width) + (name.isEmpty ? 0 : 1)
    if !name.isEmpty { grid.put(" ", x: x - 1, y: rect.y) }
    for (text, style) in [(alert, Style.critical), (more.text(glyphs), more.isScrolled ? .key : .muted)]
    where !text.isEmpty {
      x = grid.put(text, x: x, y: rect.y, style, limit: rect.right - x) + 1
      grid.put(" ", x: x - 1, y: rect.y)
    }
    let rightWidth = Grid.columns(of: right)
    var end = rect.right
    if rightWidth > 0, x + rightWidth + 4 <= rect.right {
      grid.putRight(right, end: rect.right, y: rect.y, .muted)
      grid.put(" ", x: rect.right - rightWidth - 1, y: rect.y)
      grid.put(" ", x: rect.right, y: rect.y)
      end -= rightWidth + 1
    }
    if !detail.isEmpty, end - x >= 8 {
      x = grid.putShortened(detail, x: x, y: rect.y, .muted, limit: end - x - 3) + 1
      grid.put(" ", x: x - 1, y: rect.y)
    }
    grid.fill(glyphs.rule, x: x, y: rect.y, count: end - x, .faint)
    if !heads.isEmpty { drawHeads(on: &grid, in: rect, from: x) }
  }

  private func drawHeads(on grid: inout Grid, in rect: Rect, from x: Int) {
    let start = heads.map { rect.right - $0.end - Grid.columns(of: $0.text) }.min() ?? rect.right
    guard start >= x else { return }
    grid.fill(" ", x: start - 1, y: rect.y, count: rect.right - start + 2)
    for head in heads { grid.putRight(head.text, end: rect.right - head.end, y: rect.y, .muted) }
  }
}
