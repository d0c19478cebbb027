/// The rows of a list that a panel has room for.
struct RowWindow<Row> {
  var rows: [Row]
  var hidden: HiddenRows
}

/// How many rows of a list are not shown.
struct HiddenRows {
  var above = 0
  var below = 0
  /// Whether the panel shows a part of the list in its order; else the rows that matter most.
  var isScrolled = false

  /// `+3`, or with where they are `+1↑ +2↓`; empty if all rows are shown.
  func text(_ glyphs: Glyphs) -> String {
    guard isScrolled else { return above + below > 0 ? "+" + String(above + below) : "" }
    let (up, down) = glyphs.kind == .braille || glyphs.kind == .blocks ? ("↑", "↓") : ("^", "v")
    return [(above, up), (below, down)].filter { $0.0 > 0 }.map { "+" + String($0.0) + $0.1 }.joined(separator: " ")
  }
}

extension Context {
  /// Cuts a list to `count` rows: where the panel has the focus or is scrolled, to the rows that it is scrolled to, else by
  /// `choose`.
  func window<Row>(
    _ rows: [Row], count: Int, in panel: PanelDescriptor, choose: ([Row], Int) -> [Row] = { Array($0.prefix($1)) }
  ) -> RowWindow<Row> {
    let count = max(0, count)
    let hidden = rows.count - min(count, rows.count)
    guard hidden > 0 else { return RowWindow(rows: rows, hidden: HiddenRows()) }
    // Several lists of one panel are scrolled together.
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
