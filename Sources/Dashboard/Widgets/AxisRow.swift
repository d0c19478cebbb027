internal import AgentMetrics

/// The row below a graph: times, relative or absolute, and marks of events.
struct AxisRow {
  let context: Context
  /// Axis of its own; nil for that of all graphs.
  var own: TimeAxis?
  private var axis: TimeAxis { own ?? context.timeline.axis }

  init(context: Context, own: TimeAxis? = nil) {
    self.context = context
    self.own = own
  }

  /// Possible distances between two labels, in seconds.
  private static let distances: [Double] = [
    5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    1_209_600, 2_419_200,
  ]

  /// Draws the row under the columns of the graph above it.
  func draw(on grid: inout Grid, in rect: Rect) {
    let glyphs = context.glyphs
    guard rect.width >= 12 else { return }
    grid.fill(glyphs.rule, x: rect.x, y: rect.y, count: rect.width, .faint)
    // Marks and clicks belong to the common axis only.
    let lane = EventLane(own == nil ? context.timeline.events : [], width: rect.width, axis: axis, glyphs)
    lane.drawShades(on: &grid, in: rect, glyphs)
    let labels = drawLabels(beside: lane, on: &grid, in: rect)
    guard own == nil else { return }
    lane.drawMarks(on: &grid, in: rect, taken: labels, glyphs)
    if let time = context.state.mark, let cell = axis.cell(of: time, width: rect.width, glyphs) {
      grid.put(glyphs.isASCII ? "|" : "┃", x: rect.x + cell, y: rect.y, Style(.cursor, .bold))
    }
    if let time = context.state.cursor.time, let cell = axis.cell(of: time, width: rect.width, glyphs) {
      grid.put(glyphs.isASCII ? "^" : "▲", x: rect.x + cell, y: rect.y, Style(.cursor, .bold))
    }
    context.hits.add(.time, rect)
  }

  /// Draws times relative to now, or of day in the past; returns the columns that they take.
  private func drawLabels(beside lane: EventLane, on grid: inout Grid, in rect: Rect) -> [Range<Int>] {
    let glyphs = context.glyphs
    var labels: [Range<Int>] = []
    let perCell = axis.step * Double(glyphs.columnsPerCell)
    if context.state.cursor.time == nil {
      let distance = Self.distances.first { $0 / perCell >= 9 } ?? 2_419_200
      // Labels relative to now stay in place while the graph moves.
      if isFree(rect.right - 3..<rect.right, lane, rect) {
        grid.putRight("now", end: rect.right, y: rect.y, .muted)
        labels.append(rect.right - 3..<rect.right)
      }
      var back = distance
      while back / perCell <= Double(rect.width) - 1, back < 1e9 {
        let cell = rect.width - 1 - TextFormat.whole(back / perCell)
        let text = "-" + TextFormat.short(back)
        let x = rect.x + cell - text.utf8.count / 2
        if x >= rect.x, isFree(x..<x + text.utf8.count, lane, rect) {
          grid.put(text, x: x, y: rect.y, .muted, limit: rect.right - x - 4)
          labels.append(x..<x + text.utf8.count)
        }
        back += distance
      }
    } else {
      // Seconds take three more columns, dates seven. If marks leave no room for any label, shorter distances are
      // tried.
      let last = Double(axis.last(isPaired: glyphs.columnsPerCell == 2) + 1) * axis.step
      let hasDates = !context.clock.isToday(last) || !context.clock.isToday(last - perCell * Double(rect.width))
      func columns(_ distance: Double) -> Double {
        (distance < 60 ? 14 : 11) + (hasDates && distance < 86_400 ? 7 : 0)
      }
      var place = Self.distances.firstIndex { $0 / perCell >= columns($0) } ?? Self.distances.count - 1
      labels = drawTimes(Self.distances[place], beside: lane, on: &grid, in: rect)
      while labels.isEmpty, place > 0, Self.distances[place] > perCell {
        place -= 1
        labels = drawTimes(Self.distances[place], beside: lane, on: &grid, in: rect)
      }
    }
    return labels
  }

  /// Draws times of day at a distance, and returns the columns of those that fitted.
  private func drawTimes(
    _ distance: Double, beside lane: EventLane, on grid: inout Grid, in rect: Rect
  ) -> [Range<Int>] {
    var labels: [Range<Int>] = []
    let glyphs = context.glyphs
    let perCell = axis.step * Double(glyphs.columnsPerCell)
    let last = Double(axis.last(isPaired: glyphs.columnsPerCell == 2) + 1) * axis.step
    let offset = Double(context.clock.utcOffset)
    var time = ((last + offset) / distance).rounded(.down) * distance - offset
    var taken = rect.right + 1
    while last - time < perCell * Double(rect.width), time.isFinite, abs(time) < 1e12 {
      let cell = rect.width - 1 - TextFormat.whole((last - time) / perCell)
      let text = distance >= 86_400 ? context.clock.day(time) : context.clock.short(time, hasSeconds: distance < 60)
      let x = min(rect.right - text.utf8.count, rect.x + cell - text.utf8.count / 2)
      if x >= rect.x, x + text.utf8.count < taken, isFree(x..<x + text.utf8.count, lane, rect) {
        grid.put(text, x: x, y: rect.y, .muted)
        labels.append(x..<x + text.utf8.count)
        taken = x
      }
      time -= distance
    }
    return labels
  }

  /// Whether the columns, and those next to them, are free of events, the marked time and the cursor, which have priority
  /// and could be read as part of a label.
  private func isFree(_ columns: Range<Int>, _ lane: EventLane, _ rect: Rect) -> Bool {
    let columns = columns.lowerBound - 1..<columns.upperBound + 1
    let cells = [context.state.cursor.time, context.state.mark].compactMap { time in
      time.flatMap { axis.cell(of: $0, width: rect.width, context.glyphs) }
    }
    return lane.isFree(columns, x: rect.x) && !cells.contains { columns.contains(rect.x + $0) }
  }
}
