/// Divides rows among panels that stand one above the other.
enum Layout {
  /// The rows that each gets; 0 for those there is no room for.
  ///
  /// First come the minimums in order, so that what stands first is there longest; then all grow evenly to where they are
  /// comfortable, and then to their maximums.
  static func divide(_ rows: Int, among heights: [Height]) -> [Int] {
    var given = [Int](repeating: 0, count: heights.count)
    var left = max(0, rows)
    for (index, height) in heights.enumerated() where height.minimum <= left {
      given[index] = height.minimum
      left -= height.minimum
    }
    for limit in [\Height.comfortable, \Height.maximum] {
      var hasGrown = true
      while left > 0, hasGrown {
        hasGrown = false
        for index in heights.indices where left > 0 && given[index] > 0 && given[index] < heights[index][keyPath: limit]
        {
          given[index] += 1
          left -= 1
          hasGrown = true
        }
      }
    }
    return given
  }

  /// Draws panels one above the other, each within its own rows.
  static func draw(_ panels: [any Panel], on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let rows = divide(rect.height, among: panels.map { $0.height(width: rect.width) })
    for (panel, rows) in zip(panels, rows) where rows > 0 {
      let part = rest.takeTop(rows)
      grid.within(part) { panel.draw(on: &$0, in: part) }
    }
  }
}

extension Grid {
  /// The line over a panel: its name, what it is about, a rule, and at the right what it sums up to.
  mutating func putTitle(_ name: String, detail: String = "", right: String = "", in rect: Rect, _ glyphs: Glyphs) {
    var x = put(name, x: rect.x, y: rect.y, .title, limit: rect.width) + (name.isEmpty ? 0 : 1)
    let rightWidth = Grid.columns(of: right)
    var end = rect.right
    if rightWidth > 0, x + rightWidth + 4 <= rect.right {
      putRight(right, end: rect.right, y: rect.y, .muted)
      end -= rightWidth + 1
    }
    if !detail.isEmpty, end - x >= 8 {
      x = putShortened(detail, x: x, y: rect.y, .muted, limit: end - x - 3) + 1
    }
    fill(glyphs.rule, x: x, y: rect.y, count: end - x, .faint)
  }

  /// A title with the heads of the columns below it, each by how far before the right edge it ends.
  mutating func putTitle(_ name: String, heads: [(text: String, end: Int)], in rect: Rect, _ glyphs: Glyphs) {
    putTitle(name, in: rect, glyphs)
    let start = heads.map { rect.right - $0.end - Grid.columns(of: $0.text) }.min() ?? rect.right
    guard start > rect.x + Grid.columns(of: name) + 1 else { return }
    fill(" ", x: start - 1, y: rect.y, count: rect.right - start + 1)
    for head in heads { putRight(head.text, end: rect.right - head.end, y: rect.y, .muted) }
  }

  /// A line with a name, a percentage, a bar and a remark: `swap    2% ━━──────── 0.1/4.0 GiB`.
  mutating func putGauge(
    _ label: String, labelWidth: Int, ratio: Double, bar: Bar, remark: String = "", remarkWidth: Int = 0, in rect: Rect,
    _ glyphs: Glyphs, isStale: Bool = false
  ) {
    var x = rect.x
    if labelWidth > 0 {
      put(label, x: x, y: rect.y, isStale ? .stale : .plain, limit: min(labelWidth, rect.width))
      x += labelWidth + 1
    }
    putRight(Format.percent(ratio, glyphs), end: x + 4, y: rect.y, isStale ? .stale : .load(ratio))
    x += 5
    var end = rect.right
    let remarkWidth = max(remarkWidth, Grid.columns(of: remark))
    if remarkWidth > 0, end - x - remarkWidth >= 6 {
      putRight(remark, end: end, y: rect.y, isStale ? .warning : .muted)
      end -= remarkWidth + 1
    } else if remarkWidth > 0, !remark.isEmpty, end - x >= Grid.columns(of: remark) {
      // No room for both: the figures say more than the bar.
      putRight(remark, end: end, y: rect.y, isStale ? .warning : .muted)
      return
    }
    if end - x >= 3 { bar.draw(on: &self, x: x, y: rect.y, width: end - x, glyphs) }
  }

  /// Labels a graph over its left end: what its full height is, and how far the end lies back.
  ///
  /// Over it, and always: a label that gives way to the curve would come and go.
  mutating func putScale(_ top: String, seconds: Double, in rect: Rect) {
    guard rect.width >= 24, rect.height >= 3 else { return }
    put(top + " ", x: rect.x, y: rect.y, .muted)
    put("-" + Format.duration(seconds) + " ", x: rect.x, y: rect.bottom - 1, .muted)
  }
}
