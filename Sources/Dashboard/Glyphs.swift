/// The characters that bars, graphs and rules are made of: what the terminal's font and locale can show.
struct Glyphs: Equatable {
  /// How finely a graph can be drawn.
  enum Kind: String, CaseIterable {
    /// Two columns and four rows of dots in a cell.
    case braille
    /// Eighths of a cell.
    case blocks
    /// Halves of a cell, and only what the Linux console's fonts have.
    case console
    /// No UTF-8.
    case ascii
  }

  let kind: Kind
  /// Whether the terminal has no colours, so that parts of a bar must differ by their shape.
  let isMono: Bool

  init(_ kind: Kind, isMono: Bool = false) {
    self.kind = kind
    self.isMono = isMono
  }

  var isASCII: Bool { kind == .ascii }
  var rule: Unicode.Scalar { isASCII ? "-" : "─" }
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
