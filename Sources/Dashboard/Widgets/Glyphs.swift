/// Characters of bars, graphs and rules that the terminal's font and locale can show.
package struct Glyphs: Equatable {
  /// Resolution of graphs.
  package enum GraphGlyphs: String, CaseIterable {
    /// Two columns and four rows of dots in a cell.
    case braille
    /// Eighths of a cell.
    case blocks
    /// Halves of a cell, and only characters of the Linux console's fonts.
    case console
    /// Only ASCII, without UTF-8.
    case ascii
  }

  let kind: GraphGlyphs
  /// Whether the terminal has no colors, so that segments of a bar must differ in shape.
  let isMono: Bool

  package init(_ kind: GraphGlyphs, isMono: Bool = false) {
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
    // The consoles' fonts lack the rounded ones.
    case .console: ["┌", "┐", "└", "┘"]
    case .ascii: ["+", "+", "+", "+"]
    }
  }
  /// A small digit before a title; empty where the font may lack it.
  func small(_ digit: Int) -> String {
    guard kind == .braille || kind == .blocks, (0...9).contains(digit) else { return "" }
    return ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"][digit]
  }
  /// Mark of the sorted column's direction.
  func sortMark(isUp: Bool) -> String { isASCII || kind == .console ? (isUp ? "^" : "v") : (isUp ? "▴" : "▾") }
  /// Placeholder for an absent value among present ones.
  var absent: String { isASCII ? "-" : "–" }
  var celsius: String { isASCII ? "C" : "°C" }
  var separator: String { isASCII ? " | " : " · " }
  var times: String { isASCII ? "x" : "×" }

  /// Levels of a cell for one CPU, from idle to busy.
  var strip: [Unicode.Scalar] {
    switch kind {
    case .braille, .blocks: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    case .console: ["░", "▒", "▓", "█"]
    case .ascii: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    }
  }
}
