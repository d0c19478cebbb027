/// The choice and order of the process table's columns.
struct ColumnsView {
  let table: TableState
  let selected: Int
  let glyphs: Glyphs
  let hits: HitMap

  func draw(on grid: inout Grid) {
    let order = table.columnOrder
    let chosen = table.chosenColumns.count
    let title = "Columns of processes" + (table.columns == nil ? ": automatic, by width" : "")
    OverlayBox(title: title, wanted: Size(width: 76, height: order.count + 4), glyphs: glyphs)
      .draw(on: &grid) { grid, inner in
        var rest = inner
        let foot = rest.takeBottom(inner.height >= 6 ? 2 : 0)
        let first = max(0, min(selected - rest.height / 2, order.count - rest.height))
        for (row, column) in order.enumerated().dropFirst(first).prefix(rest.height) {
          let y = rest.y + row - first
          let isChosen = row < chosen
          hits.add(.row(row), Rect(x: rest.x, y: y, width: rest.width, height: 1))
          grid.put(isChosen ? "[x]" : "[ ]", x: rest.x, y: y, isChosen ? .key : .muted)
          grid.put(column.rawValue, x: rest.x + 4, y: y, row == selected ? .selection : .plain)
          grid.put(column.title, x: rest.x + 18, y: y, .bold, limit: rest.width - 18)
          grid.putShortened(column.meaning, x: rest.x + 28, y: y, .muted, limit: rest.width - 28)
        }
        if !foot.isEmpty {
          grid.putShortened(
            "Space: show or hide, left right: move, a: automatic, Esc: close", x: foot.x, y: foot.y, .muted,
            limit: foot.width)
          grid.putShortened(
            "In the table , and . scroll sideways.", x: foot.x, y: foot.y + 1, .muted, limit: foot.width)
        }
        return OverlayBox.More(first: first, visible: rest.height, of: order.count)
      }
  }
}

/// A list to choose one line of: sort columns, users.
struct MenuView {
  let title: String
  let lines: [String]
  let selected: Int
  let glyphs: Glyphs
  let hits: HitMap

  func draw(on grid: inout Grid) {
    hits.frameContext.overlayRows = lines.count
    let widest = (lines + [title]).map { Grid.columns(of: $0) }.max() ?? 0
    let width = min(60, max(36, widest + 8))
    OverlayBox(title: title, wanted: Size(width: width, height: max(6, lines.count + 3)), glyphs: glyphs)
      .draw(on: &grid) { grid, inner in
        var rest = inner
        let foot = rest.takeBottom(inner.height >= 3 ? 1 : 0)
        let first = max(0, min(selected - rest.height / 2, lines.count - rest.height))
        for (row, line) in lines.enumerated().dropFirst(first).prefix(rest.height) {
          let style: Style = row == selected ? .selection : .plain
          hits.add(.row(row), Rect(x: rest.x, y: rest.y + row - first, width: rest.width, height: 1))
          grid.putShortened(line, x: rest.x, y: rest.y + row - first, style, limit: rest.width)
        }
        grid.putShortened("Enter: choose, Esc: close", x: foot.x, y: foot.y, .muted, limit: foot.width)
        return OverlayBox.More(first: first, visible: rest.height, of: lines.count)
      }
  }
}
