/// A filled curve over time, the newest value at the right edge; a gap where there is no value.
struct Graph {
  /// Values from the oldest to the newest, one for each column that ``columns(in:_:)`` tells; NaN leaves a gap.
  var values: [Double]
  /// The value that reaches the edge.
  var maximum: Double
  /// nil for colours by height, from calm to alarming.
  var color: Color?
  /// Hangs from the top edge, as the lower half of a mirrored pair.
  var hangs = false

  /// How many values fit into so many columns of the screen.
  static func columns(in width: Int, _ glyphs: Glyphs) -> Int {
    glyphs.kind == .braille ? 2 * max(0, width) : max(0, width)
  }

  /// Draws it into `rect`.
  func draw(on grid: inout Grid, in rect: Rect, _ glyphs: Glyphs) {
    guard !rect.isEmpty else { return }
    let perCell = glyphs.kind == .braille ? 2 : 1
    let steps = Graph.steps(glyphs, hangs: hangs)
    let count = rect.width * perCell
    /// Filled steps of a column counted from the base; -1 for a gap. What is there shows at least one step.
    func level(_ column: Int) -> Int {
      let index = values.count - count + column
      guard index >= 0, index < values.count, values[index].isFinite, maximum > 0 else { return -1 }
      let share = min(1, max(0, values[index] / maximum))
      return max(1, Int((share * Double(rect.height * steps)).rounded()))
    }
    let levels = (0..<count).map(level)
    for row in 0..<rect.height {
      let y = hangs ? rect.y + row : rect.bottom - 1 - row
      let style = Style(color ?? .load((Double(row) + 0.5) / Double(rect.height)))
      for cell in 0..<rect.width {
        let left = levels[cell * perCell] - row * steps
        let right = levels[cell * perCell + perCell - 1] - row * steps
        // Blanks have the row's style too: to switch it for each gap would cost more bytes than the curve.
        let glyph =
          max(left, right) > 0
          ? Graph.glyph(min(steps, max(0, left)), min(steps, max(0, right)), glyphs, hangs: hangs) : " "
        grid.put(glyph, x: rect.x + cell, y: y, style)
      }
    }
  }

  /// Steps that a cell can be filled in.
  private static func steps(_ glyphs: Glyphs, hangs: Bool) -> Int {
    switch glyphs.kind {
    case .braille: 4
    // Of the blocks that hang there is only the half one.
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

  /// The dots of a braille cell's columns, filled from below: U+2800 plus bits, dots 7-3-2-1 left and 8-6-5-4 right.
  private static let dots: (left: [UInt32], right: [UInt32]) = (
    [0, 0x40, 0x44, 0x46, 0x47], [0, 0x80, 0xA0, 0xB0, 0xB8]
  )
  /// The same filled from above.
  private static let hangingDots: (left: [UInt32], right: [UInt32]) = (
    [0, 0x01, 0x03, 0x07, 0x47], [0, 0x08, 0x18, 0x38, 0xB8]
  )

  /// The round number at or above a value that a rate's graph is scaled to: a power of two times 1 KiB.
  ///
  /// It steps only when the highest value on the screen passes it, so that the curve does not breathe.
  static func niceMaximum(_ values: [Double]...) -> Double {
    let highest = values.joined().reduce(0) { $1.isFinite ? max($0, $1) : $0 }
    var maximum = 1024.0
    while maximum < highest, maximum < 1e18 { maximum *= 2 }
    return maximum
  }
}
