internal import AgentMetrics

/// The row below a graph: how long ago, or what time it was; and what happened when.
struct AxisRow {
  let context: Context

  /// Distances between two labels, in seconds.
  private static let distances: [Double] = [
    5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    1_209_600, 2_419_200,
  ]

  /// Draws it over the columns of the graph above it.
  func draw(on grid: inout Grid, in rect: Rect) {
    let glyphs = context.glyphs
    let axis = context.timeline.axis
    guard rect.width >= 12 else { return }
    grid.fill(glyphs.rule, x: rect.x, y: rect.y, count: rect.width, .faint)
    let perCell = axis.step * Double(glyphs.columnsPerCell)
    let least = context.state.moment == nil ? 9.0 : 14.0
    let distance = Self.distances.first { $0 / perCell >= least } ?? 2_419_200
    if context.state.moment == nil {
      // Distances from now stand still while the picture moves.
      if isFree(rect.right - 3..<rect.right, rect) { grid.putRight("now", end: rect.right, y: rect.y, .muted) }
      var back = distance
      while back / perCell <= Double(rect.width) - 1, back < 1e9 {
        let cell = rect.width - 1 - Format.whole(back / perCell)
        let text = "-" + Format.short(back)
        let x = rect.x + cell - text.utf8.count / 2
        if x >= rect.x, isFree(x..<x + text.utf8.count, rect) {
          grid.put(text, x: x, y: rect.y, .muted, limit: rect.right - x - 4)
        }
        back += distance
      }
    } else {
      let last = Double(axis.last(isPaired: glyphs.columnsPerCell == 2) + 1) * axis.step
      let offset = Double(context.utcOffset)
      var moment = ((last + offset) / distance).rounded(.down) * distance - offset
      while last - moment < perCell * Double(rect.width), moment.isFinite, abs(moment) < 1e12 {
        let cell = rect.width - 1 - Format.whole((last - moment) / perCell)
        let text = context.clock(moment, hasSeconds: distance < 60)
        let x = min(rect.right - text.utf8.count, rect.x + cell - text.utf8.count / 2)
        if x >= rect.x, isFree(x..<x + text.utf8.count, rect) { grid.put(text, x: x, y: rect.y, .muted) }
        moment -= distance
      }
      if let moment = context.state.moment, let cell = axis.cell(of: moment, width: rect.width, glyphs) {
        grid.put(glyphs.isASCII ? "^" : "▲", x: rect.x + cell, y: rect.y, Style(.cursor, .bold))
      }
    }
    for event in context.timeline.events {
      guard let cell = axis.cell(of: event.moment, width: rect.width, glyphs) else { continue }
      grid.put(event.mark, x: rect.x + cell, y: rect.y, event.isBad ? .critical : .warning)
    }
    context.hits.add(.moment, rect)
  }

  /// Whether neither an event nor the moment that is looked at has its mark there, or so close that it would be read as a
  /// part of the label: they say more than it.
  private func isFree(_ columns: Range<Int>, _ rect: Rect) -> Bool {
    let columns = columns.lowerBound - 1..<columns.upperBound + 1
    let moments = context.timeline.events.map(\.moment) + (context.state.moment.map { [$0] } ?? [])
    return !moments.contains { moment in
      context.timeline.axis.cell(of: moment, width: rect.width, context.glyphs).map { columns.contains(rect.x + $0) }
        ?? false
    }
  }
}
