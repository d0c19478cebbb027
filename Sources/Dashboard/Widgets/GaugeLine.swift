/// A line with a name, a percentage, a bar and a remark: `swap    2% ━━──────── 0.1/4.0 GiB`.
struct GaugeLine {
  var label = ""
  var labelWidth = 0
  let ratio: Double
  let bar: Bar
  var remark = ""
  var remarkWidth = 0
  var remarkStyle = Style.muted
  var isStale = false
  /// Style of the percentage; nil for that of a used share.
  var percentage: Style?

  func draw(on grid: inout Grid, in rect: Rect, _ glyphs: Glyphs) {
    var x = rect.x
    if labelWidth > 0 {
      grid.put(label, x: x, y: rect.y, isStale ? .stale : .plain, limit: min(labelWidth, rect.width))
      x += labelWidth + 1
    }
    let style = isStale ? .stale : percentage ?? .load(ratio)
    grid.putRight(TextFormat.percent(ratio, glyphs), end: x + 4, y: rect.y, style)
    x += 5
    var end = rect.right
    let remarkWidth = max(remarkWidth, Grid.columns(of: remark))
    let remarkStyle = isStale ? .warning : remarkStyle
    if remarkWidth > 0, end - x - remarkWidth >= 6 {
      grid.putRight(remark, end: end, y: rect.y, remarkStyle)
      end -= remarkWidth + 1
    } else if remarkWidth > 0, !remark.isEmpty, end - x >= Grid.columns(of: remark) {
      // Without room for both, the values are more important than the bar.
      grid.putRight(remark, end: end, y: rect.y, remarkStyle)
      return
    }
    if end - x >= 3 { bar.draw(on: &grid, x: x, y: rect.y, width: end - x, glyphs) }
  }
}
