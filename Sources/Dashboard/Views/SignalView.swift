internal import AgentMetrics

/// The choice of a signal, and its confirmation.
struct SignalView {
  let context: Context
  let dialog: SignalDialog
  private var glyphs: Glyphs { context.glyphs }
  private var process: Process { dialog.process }

  func draw(on grid: inout Grid) {
    if dialog.isAsked { drawConfirmation(on: &grid) } else { drawChoice(on: &grid) }
  }

  private func drawChoice(on grid: inout Grid) {
    let all = SignalChoice.all
    let wanted = Size(width: 50, height: min(all.count, 14) + 4)
    let title = "Signal to " + target
    OverlayBox(title: title, wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      let foot = rest.takeBottom(inner.height >= 4 ? 1 : 0)
      let first = max(0, min(dialog.selected - rest.height / 2, all.count - rest.height))
      for (row, signal) in all.dropFirst(first).prefix(rest.height).enumerated() {
        let y = rest.y + row
        grid.putRight(String(signal.number), end: rest.x + 2, y: y, .muted)
        grid.put(signal.name, x: rest.x + 3, y: y, .bold)
        grid.putShortened(signal.meaning, x: rest.x + 12, y: y, .muted, limit: rest.width - 12)
        let line = Rect(x: rest.x, y: y, width: rest.width, height: 1)
        context.hits.add(.row(first + row), line)
        if first + row == dialog.selected { grid.restyle(line) { _ in .selection } }
      }
      let keys = "digits: by number, Enter: confirm, Esc: cancel"
      grid.putShortened(keys, x: foot.x, y: foot.y, .muted, limit: foot.width)
      return OverlayBox.More(first: first, visible: rest.height, of: all.count)
    }
  }

  private var target: String {
    dialog.others.isEmpty
      ? String(process.pid) + " " + process.name : String(dialog.others.count + 1) + " tagged processes"
  }

  private static let nameWidth = 10

  /// The process in the current list; nil if it has ended.
  private var current: Process? {
    context.hits.frameContext.processes.first { $0.pid == process.pid && ($0.start == process.start || $0.start.isNaN) }
  }

  private var lines: [(name: String, text: String, style: Style)] {
    let current = current
    var lines: [(name: String, text: String, style: Style)] = []
    if current == nil, context.hits.frameContext.isWholeTable { lines.append(("state", "it has ended", .critical)) }
    let user = process.user + (process.service.map { glyphs.separator + $0 } ?? "")
    if !user.isEmpty { lines.append(("user", user, .plain)) }
    if let started = context.started(process) { lines.append(("started", started, .plain)) }
    lines.append(
      (
        "CPU",
        TextFormat.fine((current ?? process).cpu, glyphs) + "%" + glyphs.separator
          + TextFormat.bytes((current ?? process).resident, glyphs) + " resident", .plain
      ))
    if !dialog.others.isEmpty {
      let names = dialog.others.map { String($0.pid) + " " + $0.name }
      lines.append(("and", names.joined(separator: ", "), .warning))
    }
    if let children = dialog.children {
      lines.append(
        ("children", String(children) + (children > 0 ? " (they are not sent the signal)" : ""), .plain))
    }
    if dialog.folded > 1 {
      lines.append(("row", "folded: one of " + String(dialog.folded) + " processes", .warning))
    }
    return lines
  }

  private func drawConfirmation(on grid: inout Grid) {
    let signal = dialog.signal
    let lines = lines
    let command = process.command ?? process.name
    let wanted = Size(width: 76, height: lines.count + 8)
    let title = "Send " + signal.name + " to " + target + "?"
    OverlayBox(title: title, wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      // The question stays on any screen; the command line has the next priority.
      let foot = rest.takeBottom(1)
      grid.putShortened(
        "Press y to send, any other key to cancel", x: foot.x, y: foot.y, .critical, limit: foot.width)
      if rest.height > lines.count + 3 {
        let row = rest.takeTop(1)
        let text = signal.name + (signal.meaning.isEmpty ? "" : ": " + signal.meaning)
        grid.putShortened(text, x: row.x, y: row.y, .bold, limit: row.width)
      }
      let room = max(1, rest.width - Self.nameWidth)
      let commandRows = min(max(1, rest.height - lines.count), 3)
      var text = command[...]
      for row in 0..<commandRows where !text.isEmpty && !rest.isEmpty {
        let line = rest.takeTop(1)
        if row == 0 { grid.put("command", x: line.x, y: line.y, .key) }
        let isLast = row == commandRows - 1
        grid.putShortened(
          isLast ? String(text.prefix(room + 1)) : String(text.prefix(room)), x: line.x + Self.nameWidth, y: line.y,
          limit: room)
        text = text.dropFirst(room)
      }
      for line in lines where !rest.isEmpty {
        let row = rest.takeTop(1)
        grid.put(line.name, x: row.x, y: row.y, .key)
        grid.putShortened(line.text, x: row.x + Self.nameWidth, y: row.y, line.style, limit: room)
      }
      return OverlayBox.More()
    }
  }
}
