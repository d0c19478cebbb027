internal import AgentMetrics

/// The choice of a signal, and the question whether it is meant.
struct SignalView {
  let context: Context
  let pid: Int32
  let selected: Int
  let isAsked: Bool
  private var glyphs: Glyphs { context.glyphs }

  func draw(on grid: inout Grid) {
    let process = context.table.rows.first { $0.process.pid == pid }?.process
    let who = String(pid) + " " + (process?.name ?? "")
    let all = SignalChoice.allCases
    if isAsked {
      let signal = all[min(selected, all.count - 1)]
      let wanted = Size(width: 60, height: 7)
      OverlayBox(title: "Send " + signal.name + "?", wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
        grid.putShortened(signal.name + " to " + who, x: inner.x, y: inner.y, .bold, limit: inner.width)
        grid.putShortened(
          (process?.user ?? "") + (process?.service.map { glyphs.separator + $0 } ?? ""), x: inner.x, y: inner.y + 1,
          .muted, limit: inner.width)
        let x = grid.put("y", x: inner.x, y: inner.y + 3, .critical)
        grid.put(" sends it, any other key does not", x: x, y: inner.y + 3, limit: inner.right - x)
        return OverlayBox.More()
      }
      return
    }
    let wanted = Size(width: 44, height: all.count + 4)
    OverlayBox(title: "Signal to " + who, wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      let foot = rest.takeBottom(inner.height >= 4 ? 1 : 0)
      let first = max(0, min(selected - rest.height / 2, all.count - rest.height))
      for (row, signal) in all.dropFirst(first).prefix(rest.height).enumerated() {
        let y = rest.y + row
        grid.put(signal.name, x: rest.x, y: y, .bold)
        grid.putShortened(signal.meaning, x: rest.x + 6, y: y, .muted, limit: rest.width - 6)
        if first + row == selected {
          grid.restyle(Rect(x: rest.x, y: y, width: rest.width, height: 1)) { _ in .selection }
        }
      }
      grid.putShortened("Enter asks once more, Esc closes", x: foot.x, y: foot.y, .muted, limit: foot.width)
      return OverlayBox.More(first: first, visible: rest.height, of: all.count)
    }
  }
}
