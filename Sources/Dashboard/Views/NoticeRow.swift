/// One row with a label and as many texts as fit beside it; the first one is shortened rather than left out.
struct NoticeRow {
  let label: String
  let labelColor: Color
  let texts: [String]
  let style: Style
  let glyphs: Glyphs

  func draw(on grid: inout Grid, in rect: Rect) {
    var x = grid.put(label, x: rect.x, y: rect.y, Style(labelColor, [.bold, .reverse]), limit: rect.width) + 1
    for (index, text) in texts.enumerated() {
      guard index == 0 || x + 3 + Grid.columns(of: text) <= rect.right else { break }
      if index > 0 {
        grid.put(glyphs.separator, x: x, y: rect.y, .faint)
        x += 3
      }
      x = grid.putShortened(text, x: x, y: rect.y, style, limit: rect.right - x)
    }
  }
}
