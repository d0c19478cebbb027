/// The characters that bars, graphs and rules are made of: what the terminal's font and locale can show.
struct Glyphs: Equatable {
  /// How finely a graph can be drawn.
  enum GraphGlyphs: String, CaseIterable {
    /// Two columns and four rows of dots in a cell.
    case braille
    /// Eighths of a cell.
    case blocks
    /// Halves of a cell, and only what the Linux console's fonts have.
    case console
    /// No UTF-8.
    case ascii
  }

  let kind: GraphGlyphs
  /// Whether the terminal has no colours, so that parts of a bar must differ by their shape.
  let isMono: Bool

  init(_ kind: GraphGlyphs, isMono: Bool = false) {
    self.kind = kind
    self.isMono = isMono
  }

  var isASCII: Bool { kind == .ascii }
  var rule: Unicode.Scalar { isASCII ? "-" : "─" }
  var vertical: Unicode.Scalar { isASCII ? "|" : "│" }
  /// Upper left, upper right, lower left, lower right.
  var corners: [Unicode.Scalar] {
    switch kind {
    case .braille, .blocks: ["╭", "╮", "╰", "╯"]
    // Of the rounded ones the consoles' fonts have none.
    case .console: ["┌", "┐", "└", "┘"]
    case .ascii: ["+", "+", "+", "+"]
    }
  }
  /// A small digit before a title; empty where the font may have none.
  func small(_ digit: Int) -> String {
    guard kind == .braille || kind == .blocks, (0...9).contains(digit) else { return "" }
    return ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"][digit]
  }
  /// Which way a column is sorted.
  func sortMark(isUp: Bool) -> String { isASCII || kind == .console ? (isUp ? "^" : "v") : (isUp ? "▴" : "▾") }
  /// Stands for a figure that is absent between others that are not.
  var absent: String { isASCII ? "-" : "–" }
  var celsius: String { isASCII ? "C" : "°C" }
  var separator: String { isASCII ? " | " : " · " }
  var times: String { isASCII ? "x" : "×" }

  /// Levels of a cell that stands for one CPU, from idle to busy.
  var strip: [Unicode.Scalar] {
    switch kind {
    case .braille, .blocks: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    case .console: ["░", "▒", "▓", "█"]
    case .ascii: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    }
  }
}
