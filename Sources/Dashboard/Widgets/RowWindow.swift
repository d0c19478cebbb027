/// The rows of a list that fit its panel.
struct RowWindow<Row> {
  var rows: [Row]
  var hidden: HiddenRows
}

/// Number of hidden rows of a list.
struct HiddenRows {
  var above = 0
  var below = 0
  /// Whether the panel shows a window of the list; otherwise it shows the most important rows.
  var isScrolled = false

  /// `+3`, or with positions `+1↑ +2↓`; empty if all rows are shown.
  func text(_ glyphs: Glyphs) -> String {
    guard isScrolled else { return above + below > 0 ? "+" + String(above + below) : "" }
    let (up, down) = glyphs.kind == .braille || glyphs.kind == .blocks ? ("↑", "↓") : ("^", "v")
    return [(above, up), (below, down)].filter { $0.0 > 0 }.map { "+" + String($0.0) + $0.1 }.joined(separator: " ")
  }
}

extension Context {
  /// Reduces a list to `count` rows: to the scroll position where the panel has the focus or is scrolled, else by
  /// `choose`.
  func window<Row>(
    _ rows: [Row], count: Int, in panel: PanelDescriptor, choose: ([Row], Int) -> [Row] = { Array($0.prefix($1)) }
  ) -> RowWindow<Row> {
    let count = max(0, count)
    let hidden = rows.count - min(count, rows.count)
    guard hidden > 0 else { return RowWindow(rows: rows, hidden: HiddenRows()) }
    // Lists of one panel scroll together.
    hits.frameContext.hiddenRows[panel] = max(hits.frameContext.hiddenRows[panel] ?? 0, hidden)
    hits.frameContext.shownRows[panel] = max(hits.frameContext.shownRows[panel] ?? 0, count)
    let scroll = state.scrolls[panel] ?? 0
    guard state.focus == panel || scroll > 0 else {
      return RowWindow(rows: choose(rows, count), hidden: HiddenRows(below: hidden))
    }
    let first = min(hidden, max(0, scroll))
    return RowWindow(
      rows: Array(rows[first..<first + count]),
      hidden: HiddenRows(above: first, below: hidden - first, isScrolled: true))
  }
}
