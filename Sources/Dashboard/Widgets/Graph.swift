internal import AgentMetrics

/// A filled curve over time, with the newest value at the right edge and gaps for absent values.
struct Graph {
  /// Values from the oldest to the newest, ``Glyphs/columnsPerCell`` per cell.
  var columns: [Timeline.TimeColumn]
  /// Value at the top edge.
  var maximum: Double
  var gradient: Color.Gradient
  /// Hangs from the top edge, as the lower half of a mirrored pair.
  var hangs = false
  /// Cell of the time cursor.
  var cursor: Int?

  /// Creates a graph of columns with the range of their samples.
  init(
    _ columns: [Timeline.TimeColumn], maximum: Double, gradient: Color.Gradient, hangs: Bool = false, cursor: Int? = nil
  ) {
    self.columns = columns
    self.maximum = maximum
    self.gradient = gradient
    self.hangs = hangs
    self.cursor = cursor
  }

  /// Creates a graph of plain values; NaN leaves a gap.
  init(values: [Double], maximum: Double, gradient: Color.Gradient, hangs: Bool = false) {
    self.init(
      values.map { Timeline.TimeColumn(mean: $0, low: $0, high: $0, count: $0.isFinite ? 1 : 0) }, maximum: maximum,
      gradient: gradient, hangs: hangs)
  }

  /// Minimum samples per column for drawing their range.
  private static let manySamples = 3

  /// Draws the graph into `rect`.
  func draw(on grid: inout Grid, in rect: Rect, _ glyphs: Glyphs) {
    guard !rect.isEmpty else { return }
    let perCell = glyphs.columnsPerCell
    let steps = Graph.steps(glyphs, hangs: hangs)
    let count = rect.width * perCell
    let full = rect.height * steps
    /// Returns the filled steps of a value, counted from the base; at least one for any value, -1 for a gap.
    func level(_ value: Double) -> Int {
      guard value.isFinite, maximum > 0 else { return -1 }
      return max(1, Int((min(1, max(0, value / maximum)) * Double(full)).rounded()))
    }
    var means = [Int](repeating: -1, count: count)
    var highs = means
    var lows = means
    for column in 0..<count {
      let index = columns.count - count + column
      guard columns.indices.contains(index) else { continue }
      means[column] = level(columns[index].mean)
      guard columns[index].count >= Graph.manySamples else { continue }
      highs[column] = level(columns[index].high)
      lows[column] = level(columns[index].low)
    }
    for row in 0..<rect.height {
      let y = hangs ? rect.y + row : rect.bottom - 1 - row
      let style = style(of: row, height: rect.height)
      for cell in 0..<rect.width {
        let (left, right) = (cell * perCell, cell * perCell + perCell - 1)
        let base = row * steps
        let mean = max(means[left], means[right]) - base
        let high = max(highs[left], highs[right]) - base
        var glyph: Unicode.Scalar = " "
        // Blanks keep the row's style, too: switching it for each gap would cost more bytes than the curve.
        var own = style
        if mean > 0 {
          glyph = Graph.glyph(
            min(steps, max(0, means[left] - base)), min(steps, max(0, means[right] - base)), glyphs, hangs: hangs)
          // The minimum of the samples, as a line across the filled part.
          let low = max(lows[left], lows[right]) - base
          if low > 0, low <= steps, mean > steps { own = .faint }
        } else if high > 0 {
          glyph = Graph.glyph(
            min(steps, max(0, highs[left] - base)), min(steps, max(0, highs[right] - base)), glyphs, hangs: hangs)
          own = .faint
        }
        if cell == cursor {
          own = Style(.cursor, .bold)
          if glyph == " " { glyph = glyphs.vertical } else { own.attributes.insert(.reverse) }
        }
        grid.put(glyph, x: rect.x + cell, y: y, own)
      }
    }
  }

  private func style(of row: Int, height: Int) -> Style {
    Style(gradient.color((Double(row) + 0.5) / Double(height)))
  }

  /// Number of steps in a cell.
  private static func steps(_ glyphs: Glyphs, hangs: Bool) -> Int {
    switch glyphs.kind {
    case .braille: 4
    // Of the hanging blocks only the half block exists.
    case .blocks: hangs ? 2 : 8
    case .console, .ascii: 2
    }
  }

  private static func glyph(_ left: Int, _ right: Int, _ glyphs: Glyphs, hangs: Bool) -> Unicode.Scalar {
    switch glyphs.kind {
    case .braille:
      let bits = hangs ? hangingDots.left[left] | hangingDots.right[right] : dots.left[left] | dots.right[right]
      return Unicode.Scalar(0x2800 + bits) ?? "?"
    case .blocks:
      if hangs { return left == 2 ? "█" : "▀" }
      return ["▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"][left]
    case .console: return left == 2 ? "█" : hangs ? "▀" : "▄"
    case .ascii: return left == 2 ? "|" : hangs ? "'" : "."
    }
  }

  /// Dots of a braille cell's columns, filled from below: U+2800 plus bits, dots 7-3-2-1 left and 8-6-5-4 right.
  private static let dots: (left: [UInt32], right: [UInt32]) = (
    [0, 0x40, 0x44, 0x46, 0x47], [0, 0x80, 0xA0, 0xB0, 0xB8]
  )
  /// The same filled from above.
  private static let hangingDots: (left: [UInt32], right: [UInt32]) = (
    [0, 0x01, 0x03, 0x07, 0x47], [0, 0x08, 0x18, 0x38, 0xB8]
  )

  /// Returns the full scale of a rate's graph: the power of two times 1 KiB at or above the values.
  ///
  /// It changes only when the maximum on the screen crosses it, so that the curve does not rescale constantly.
  static func niceMaximum(_ values: [Double]...) -> Double {
    let highest = values.joined().reduce(0) { $1.isFinite ? max($0, $1) : $0 }
    var maximum = 1024.0
    while maximum < highest, maximum < 1e18 { maximum *= 2 }
    return maximum
  }
}

/// Two rates mirrored on a common scale: one stands, the other hangs.
struct RateGraph {
  let context: Context
  let upper: (gradient: Color.Gradient, name: String)
  let lower: (gradient: Color.Gradient, name: String)

  /// Draws both, in at least two rows.
  func draw(
    on grid: inout Grid, in rect: Rect, _ upperRate: GraphMetric, _ lowerRate: GraphMetric
  ) {
    guard rect.height >= 2, rect.width >= 8 else { return }
    var rect = rect
    let glyphs = context.glyphs
    let upperColumns = context.timeline.columns(in: rect.width, glyphs, upperRate.value)
    let lowerColumns = context.timeline.columns(in: rect.width, glyphs, lowerRate.value)
    guard (upperColumns + lowerColumns).contains(where: \.mean.isFinite) else { return }
    context.drawAxis(on: &grid, below: &rect)
    let maximum = Graph.niceMaximum(upperColumns.map(\.high), lowerColumns.map(\.high))
    let cursor = context.cursorCell(width: rect.width)
    var rest = rect
    let top = rest.takeTop((rect.height + 1) / 2)
    Graph(upperColumns, maximum: maximum, gradient: upper.gradient, cursor: cursor)
      .draw(on: &grid, in: top, glyphs)
    Graph(lowerColumns, maximum: maximum, gradient: lower.gradient, hangs: true, cursor: cursor)
      .draw(on: &grid, in: rest, glyphs)
    context.hits.add(.time, rect)
    guard rect.width >= 24, rect.height >= 3 else { return }
    grid.put(upper.name + " " + TextFormat.rate(maximum, glyphs) + " ", x: rect.x, y: top.y, .muted)
    grid.put(lower.name + " ", x: rect.x, y: rest.bottom - 1, .muted)
  }
}
