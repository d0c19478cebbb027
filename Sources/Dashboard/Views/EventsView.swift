internal import AgentMetrics

/// The events that are known, newest first, in a box over the panels.
struct EventsView {
  let context: Context
  let choice: EventChoice
  /// All events, newest first.
  let events: [MachineEvent]
  private var glyphs: Glyphs { context.glyphs }

  func draw(on grid: inout Grid) {
    let rows = choice.shown(of: events)
    context.hits.frameContext.overlayRows = rows.count
    context.hits.frameContext.listedEvents = rows
    let selected = min(choice.selected, max(0, rows.count - 1))
    let wanted = Size(width: min(132, grid.width - 2), height: max(3, rows.count) + 4)
    let title = "Events" + (choice.minimum == .info ? "" : ": " + choice.minimum.meaning)
    OverlayBox(title: title, wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      let foot = rest.takeBottom(1)
      grid.putShortened(
        "Enter: view that time   Tab: all, warnings, critical   Esc: close", x: foot.x, y: foot.y, .muted,
        limit: foot.width)
      guard !rows.isEmpty else {
        grid.putShortened("no events recorded", x: rest.x, y: rest.y, .muted, limit: rest.width)
        return OverlayBox.More()
      }
      let first = max(0, min(selected - rest.height / 2, rows.count - rest.height))
      for (row, event) in rows.dropFirst(first).prefix(rest.height).enumerated() {
        let line = Rect(x: rest.x, y: rest.y + row, width: rest.width, height: 1)
        draw(event, on: &grid, in: line)
        context.hits.add(.row(first + row), line)
        if first + row == selected { grid.restyle(line) { _ in .selection } }
      }
      return OverlayBox.More(first: first, visible: rest.height, of: rows.count)
    }
  }

  private func draw(_ event: MachineEvent, on grid: inout Grid, in row: Rect) {
    // The same columns for events of today and of other days.
    let width = 15
    var x = row.x + width + 1
    grid.putRight(context.clock.short(event.time, hasSeconds: true), end: row.x + width, y: row.y, .muted)
    grid.put(event.kind.mark ?? (glyphs.isASCII ? "." : "·"), x: x, y: row.y, event.style)
    x += 2
    if row.width >= 80 {
      grid.putShortened(event.kind.title, x: x, y: row.y, event.style, limit: 27)
      x += 28
    }
    grid.putShortened(event.text, x: x, y: row.y, limit: row.right - x)
  }
}

/// The selected row and the filter of the list of events.
struct EventChoice: Equatable {
  var selected = 0
  var minimum = EventSeverity.info

  func shown(of events: [MachineEvent]) -> [MachineEvent] {
    minimum == .info ? events : events.filter { $0.severity >= minimum }
  }

  mutating func changeMinimum(by step: Int) {
    let all = EventSeverity.allCases
    let place = all.firstIndex(of: minimum) ?? 0
    minimum = all[(place + step + all.count) % all.count]
    selected = 0
  }
}

extension EventSeverity {
  fileprivate var meaning: String {
    switch self {
    case .info: "all"
    case .warning: "warnings and critical"
    case .critical: "critical"
    }
  }
}
