internal import AgentMetrics

/// The events on a time axis: a mark for each, colored by severity, and a shade over the time of throttling.
///
/// Of several events in a cell the most severe one is shown.
struct EventLane {
  /// A range of cells, and the events in a cell.
  let shades: [ClosedRange<Int>]
  private let marks: [Int: MachineEvent]

  /// - Parameter cell: returns the cell of a time; nil outside of the graph.
  init(_ events: [MachineEvent], width: Int, axis: TimeAxis, _ glyphs: Glyphs) {
    let start = axis.time(cell: 0, width: width, glyphs) - axis.step * Double(glyphs.columnsPerCell)
    var marks: [Int: MachineEvent] = [:]
    for event in events {
      // Throttling is a shade: a busy GPU throttles all the time.
      guard event.kind != .throttleBegin, event.kind != .throttleEnd,
        let cell = axis.cell(of: event.time, width: width, glyphs)
      else { continue }
      if let other = marks[cell], other.severity > event.severity { continue }
      marks[cell] = event
    }
    self.marks = marks
    shades = Self.throttling(events).compactMap { range in
      guard range.upperBound >= start, range.lowerBound <= axis.end else { return nil }
      let first = axis.cell(of: max(range.lowerBound, start + 0.001), width: width, glyphs) ?? 0
      let last = axis.cell(of: min(range.upperBound, axis.end), width: width, glyphs) ?? width - 1
      return first <= last ? first...last : nil
    }
  }

  /// The times of throttling by any device: to now where it has not ended.
  static func throttling(_ events: [MachineEvent]) -> [ClosedRange<Double>] {
    var open: [String: Double] = [:]
    var ranges: [ClosedRange<Double>] = []
    for event in events {
      switch event.kind {
      case .throttleBegin: open[event.subject] = open[event.subject] ?? event.time
      case .throttleEnd:
        // The end is only known a while later; its duration is exact.
        let begin = open.removeValue(forKey: event.subject) ?? event.time - event.duration
        let end = event.duration.isFinite ? begin + event.duration : event.time
        if begin <= end { ranges.append(begin...end) }
      // What throttled before may not do so now.
      case .reboot, .agentRestart:
        ranges += open.values.filter { $0 <= event.time }.map { $0...event.time }
        open = [:]
      default: break
      }
    }
    return ranges + open.values.map { $0...Double.infinity }
  }

  /// Draws the shades; before the labels, which cover them.
  func drawShades(on grid: inout Grid, in rect: Rect, _ glyphs: Glyphs) {
    let glyph: Unicode.Scalar = glyphs.kind == .ascii ? "=" : glyphs.kind == .console ? "▒" : "━"
    for shade in shades {
      grid.fill(glyph, x: rect.x + shade.lowerBound, y: rect.y, count: shade.count, .warning)
    }
  }

  /// Draws the marks.
  ///
  /// - Parameter taken: columns with a label, which covers marks of little weight.
  func drawMarks(on grid: inout Grid, in rect: Rect, taken: [Range<Int>], _ glyphs: Glyphs) {
    for (cell, event) in marks {
      let x = rect.x + cell
      if event.severity == .info, taken.contains(where: { $0.contains(x) }) { continue }
      grid.put(event.kind.mark ?? (glyphs.isASCII ? "." : "·"), x: x, y: rect.y, event.style)
    }
  }

  /// Whether columns are free of marks that labels make room for.
  func isFree(_ columns: Range<Int>, x: Int) -> Bool {
    !marks.contains { $0.value.severity > .info && columns.contains(x + $0.key) }
  }
}
