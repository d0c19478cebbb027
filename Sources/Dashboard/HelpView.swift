/// The keys and the colours, over the middle of the screen.
struct HelpView {
  let glyphs: Glyphs

  /// Every key that does something, and nothing else.
  static let keys: [(keys: String, meaning: String, short: String)] = [
    ("q  Q  Ctrl-C", "quit", "quit"),
    ("h  ?  F1", "show or hide this help (Esc hides it)", "help"),
    ("Space", "pause, or go on", "pause"),
    ("s  Left  Right", "sort processes by CPU, memory, I/O", "sort"),
    ("Ctrl-L", "draw the screen anew", "redraw"),
    ("Ctrl-Z", "suspend; fg brings it back", "suspend"),
  ]

  /// Draws it, cut to what fits.
  func draw(on grid: inout Grid) {
    let keyWidth = 16
    let legend: [(name: String, color: Color, pattern: Bar.Pattern)] = [
      ("user", .user, .first), ("system", .system, .second), ("iowait", .iowait, .third), ("steal", .steal, .fourth),
    ]
    let wanted = Size(width: 62, height: HelpView.keys.count + 7)
    let size = Size(width: min(wanted.width, grid.width), height: min(wanted.height, grid.height))
    let rect = Rect(
      x: (grid.width - size.width) / 2, y: (grid.height - size.height) / 2, width: size.width, height: size.height)
    let hasBorder = size.width >= 24 && size.height >= 6
    grid.within(rect) { grid in
      grid.clear(rect)
      var inner = rect
      if hasBorder {
        drawBorder(on: &grid, rect)
        inner = Rect(x: rect.x + 2, y: rect.y + 1, width: rect.width - 4, height: rect.height - 2)
      }
      grid.within(inner) { grid in
        var y = inner.y
        for (keys, meaning, short) in HelpView.keys {
          if inner.width >= 44 {
            grid.put(keys, x: inner.x, y: y, .key)
            grid.put(meaning, x: inner.x + keyWidth, y: y)
          } else {
            let x = grid.put(String(keys.prefix { $0 != " " }), x: inner.x, y: y, .key)
            grid.put(short, x: x + 1, y: y)
          }
          y += 1
        }
        y += 1
        grid.put("CPU", x: inner.x, y: y)
        var x = inner.x + (inner.width >= 44 ? keyWidth : 5)
        for part in legend {
          let glyph = part.pattern.glyph(glyphs)
          grid.fill(glyph, x: x, y: y, count: 2, Style(part.color, .bold))
          x = grid.put(part.name, x: x + 3, y: y, .muted) + 2
        }
        y += 1
        let notes = [
          ("RAM", "used, then caches that can be given back"),
          ("group", "limit of the agent's own container"),
          ("MEM  Ki Mi Gi", "resident memory; 1 Ki = 1024 bytes"),
        ]
        for (name, meaning) in notes where inner.width >= 44 {
          grid.put(name, x: inner.x, y: y)
          grid.put(meaning, x: inner.x + keyWidth, y: y, .muted)
          y += 1
        }
      }
    }
  }

  private func drawBorder(on grid: inout Grid, _ rect: Rect) {
    let horizontal: Unicode.Scalar = glyphs.isASCII ? "-" : "─"
    let vertical: Unicode.Scalar = glyphs.isASCII ? "|" : "│"
    let corners: [Unicode.Scalar] = glyphs.isASCII ? ["+", "+", "+", "+"] : ["┌", "┐", "└", "┘"]
    for y in [rect.y, rect.bottom - 1] { grid.fill(horizontal, x: rect.x, y: y, count: rect.width, .muted) }
    for y in rect.y..<rect.bottom {
      grid.put(vertical, x: rect.x, y: y, .muted)
      grid.put(vertical, x: rect.right - 1, y: y, .muted)
    }
    grid.put(corners[0], x: rect.x, y: rect.y, .muted)
    grid.put(corners[1], x: rect.right - 1, y: rect.y, .muted)
    grid.put(corners[2], x: rect.x, y: rect.bottom - 1, .muted)
    grid.put(corners[3], x: rect.right - 1, y: rect.bottom - 1, .muted)
    grid.put(" Keys ", x: rect.x + 2, y: rect.y, .title)
  }
}
