/// A box over the middle of the screen.
struct OverlayBox {
  let title: String
  let wanted: Size
  let glyphs: Glyphs
  /// A place of its own beside other contents; nil for the middle of the screen.
  var place: Rect?

  /// Whether a list continues outside the box.
  struct More {
    var above = false
    var below = false

    /// Creates the state for a list of `count` rows with `visible` shown from `first`.
    init(first: Int = 0, visible: Int = 0, of count: Int = 0) {
      above = first > 0 && count > visible
      below = first + visible < count
    }

    func text(_ glyphs: Glyphs) -> String {
      let hasArrows = glyphs.kind == .braille || glyphs.kind == .blocks
      let (up, down) = hasArrows ? ("↑", "↓") : ("Up", "Down")
      return (above ? [up] : []).joined() + (above && below ? " " : "") + (below ? "more " + down : "")
    }
  }

  /// Clears the area, draws a border if there is room, and calls `body` for the inside.
  ///
  /// The border shows the result of `body`: whether the list continues.
  func draw(on grid: inout Grid, _ body: (inout Grid, Rect) -> More) {
    var fitting = Size(width: max(0, min(wanted.width, grid.width)), height: max(0, min(wanted.height, grid.height)))
    // Within one column of the edge, its corners would touch those of the panels.
    if grid.width - fitting.width <= 2 { fitting.width = grid.width }
    let rect =
      place
      ?? Rect(
        x: (grid.width - fitting.width) / 2, y: (grid.height - fitting.height) / 2, width: fitting.width,
        height: fitting.height)
    grid.within(rect) { grid in
      grid.clear(rect)
      var inner = rect
      if rect.width >= 24 && rect.height >= 6 {
        grid.putFrame(rect, glyphs, Style(.focus))
        grid.putShortened(" " + title + " ", x: rect.x + 2, y: rect.y, .focus, limit: rect.width - 4)
        inner = Rect(x: rect.x + 2, y: rect.y + 1, width: rect.width - 4, height: rect.height - 2)
      }
      var more = More()
      grid.within(inner) { more = body(&$0, inner) }
      if inner != rect, more.above || more.below {
        grid.putRight(" " + more.text(glyphs) + " ", end: rect.right - 2, y: rect.bottom - 1, .key)
      }
    }
  }
}
