/// A horizontal bar of segments, with a thin track behind it.
struct Bar {
  struct Segment {
    /// Share of the whole, 0…1.
    var ratio: Double
    var color: Color
    /// Distinguishes segments without colors.
    var pattern: Pattern
  }

  /// Shapes of segments without colors.
  enum Pattern {
    case first, second, third, fourth, fifth

    func glyph(_ glyphs: Glyphs) -> Unicode.Scalar {
      switch glyphs.kind {
      case .ascii:
        switch self {
        case .first: "|"
        case .second: "#"
        case .third: "~"
        case .fourth: "!"
        case .fifth: "+"
        }
      case .console:
        if glyphs.isMono {
          switch self {
          case .first: "█"
          case .second: "▓"
          case .third: "▒"
          case .fourth: "X"
          case .fifth: "░"
          }
        } else {
          "■"
        }
      case .braille, .blocks:
        if glyphs.isMono {
          switch self {
          case .first: "━"
          case .second: "═"
          case .third: "┅"
          case .fourth: "╳"
          case .fifth: "╍"
          }
        } else {
          "━"
        }
      }
    }
  }

  var segments: [Segment]
  /// Grayed, because the values are old.
  var isStale = false

  init(_ segments: [Segment], isStale: Bool = false) {
    self.segments = segments
    self.isStale = isStale
  }

  init(_ ratio: Double, _ color: Color, isStale: Bool = false) {
    self.init([Segment(ratio: ratio, color: color, pattern: .first)], isStale: isStale)
  }

  /// Draws the bar over `width` columns.
  func draw(on grid: inout Grid, x: Int, y: Int, width: Int, _ glyphs: Glyphs) {
    guard width > 0 else { return }
    var start = x
    var cells = width
    if glyphs.isASCII && width >= 4 {
      grid.put("[", x: x, y: y, .muted)
      grid.put("]", x: x + width - 1, y: y, .muted)
      start += 1
      cells -= 2
    }
    let hasHalves = (glyphs.kind == .braille || glyphs.kind == .blocks) && !glyphs.isMono
    let track: Unicode.Scalar = glyphs.isASCII ? "." : "─"
    let steps = hasHalves ? 2 : 1
    let whole = min(1, segments.reduce(0) { $1.ratio.isFinite && $1.ratio > 0 ? $0 + $1.ratio : $0 })
    let last = Int((whole * Double(cells * steps)).rounded())
    var sum = 0.0
    var done = 0
    for segment in segments where segment.ratio.isFinite && segment.ratio > 0 {
      sum = min(1, sum + segment.ratio)
      let end = Int((sum * Double(cells * steps)).rounded())
      let style =
        isStale ? Style.faint : Style(segment.color, glyphs.isMono || glyphs.isASCII ? .bold : [])
      let glyph = segment.pattern.glyph(glyphs)
      while done < end {
        // A cell of two halves belongs to the segment of its left half; only the end of the bar shows a half.
        let isHalf = hasHalves && done == last - 1 && done % 2 == 0
        if done % steps == 0 { grid.put(isHalf ? "╸" : glyph, x: start + done / steps, y: y, style) }
        done += 1
      }
    }
    let first = (done + steps - 1) / steps
    grid.fill(track, x: start + first, y: y, count: cells - first, .faint)
  }
}
