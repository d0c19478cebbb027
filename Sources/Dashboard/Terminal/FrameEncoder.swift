/// Encodes the difference between two frames as bytes for an ECMA-48 terminal.
package struct FrameEncoder {
  /// Abilities of the terminal.
  package var traits: TerminalTraits
  /// Colors to encode with.
  package var theme: Theme

  /// Bytes of a frame above which synchronized output is used, where supported; terminals process shorter ones in one
  /// step.
  private static let synchronizedSize = 400

  private var bytes: [UInt8] = []
  private var pen = Style.plain
  private var isPenKnown = false
  private var x = -1
  private var y = -1

  package init(traits: TerminalTraits, theme: Theme) {
    self.traits = traits
    self.theme = theme
  }

  /// Encodes the bytes that turn `old` into `new`; empty without a difference.
  ///
  /// - Parameter old: the frame on the screen, of the same size; nil where unknown.
  package mutating func encode(from old: Grid?, to new: Grid) -> [UInt8] {
    bytes.removeAll(keepingCapacity: true)
    x = -1
    y = -1
    // Another program may have written meanwhile, so the first cell sets the pen again.
    isPenKnown = false
    let old = old.flatMap { $0.width == new.width && $0.height == new.height ? $0 : nil }
    if old == nil {
      write("\u{1B}[m\u{1B}[H\u{1B}[2J")
      (pen, isPenKnown, x, y) = (.plain, true, 0, 0)
    }
    for row in 0..<new.height { encodeRow(row, old, new) }
    guard !bytes.isEmpty else { return [] }
    if isPenKnown, pen != .plain { write("\u{1B}[m") }
    if traits.synchronizes, bytes.count > Self.synchronizedSize {
      return Array("\u{1B}[?2026h".utf8) + bytes + Array("\u{1B}[?2026l".utf8)
    }
    return bytes
  }

  private mutating func encodeRow(_ row: Int, _ old: Grid?, _ new: Grid) {
    let width = new.width
    let start = row * width
    func differs(_ column: Int) -> Bool {
      let cell = new.cells[start + column]
      guard let before = old?.cells[start + column] else { return !cell.looksBlank }
      return before != cell && !(before.looksBlank && cell.looksBlank)
    }
    // Blank up to the end: erased with three bytes.
    var blankFrom = width
    while blankFrom > 0, new.cells[start + blankFrom - 1].looksBlank { blankFrom -= 1 }
    var column = 0
    while column < width {
      guard differs(column) else {
        column += 1
        continue
      }
      if column >= blankFrom {
        var changed = 0
        for rest in column..<width where differs(rest) { changed += 1 }
        if changed > 4 {
          move(to: column, row)
          set(.plain)
          write("\u{1B}[K")
          return
        }
      }
      // Both halves of a wide character are sent together.
      if new.cells[start + column].scalar == Cell.tail, column > 0 { column -= 1 }
      approach(column, row, start, new)
      put(new, start, &column, row)
    }
  }

  /// Moves to a cell of the current row, by rewriting the cells in between where that is shorter than a jump.
  private mutating func approach(_ column: Int, _ row: Int, _ start: Int, _ new: Grid) {
    if y == row, x >= 0, x < column, column - x <= 4, isPenKnown {
      let between = new.cells[(start + x)..<(start + column)]
      let isCheap = between.allSatisfy {
        shown($0.style) == pen && $0.scalar >= 0x20 && $0.scalar < 0x7F && $0.mark1 == 0
      }
      if isCheap {
        for cell in between { bytes.append(UInt8(truncatingIfNeeded: cell.scalar)) }
        x = column
        return
      }
    }
    move(to: column, row)
  }

  private mutating func put(_ new: Grid, _ start: Int, _ column: inout Int, _ row: Int) {
    let cell = new.cells[start + column]
    // The color of a blank is invisible.
    let isBlank = cell.scalar == 0x20 && !cell.style.isVisibleOnBlank && isPenKnown && !pen.isVisibleOnBlank
    if !isBlank { set(cell.style) }
    let isWide = column + 1 < new.width && new.cells[start + column + 1].scalar == Cell.tail
    append(cell.scalar == Cell.tail ? 0x20 : cell.scalar)
    if cell.mark1 != 0 { append(cell.mark1) }
    if cell.mark2 != 0 { append(cell.mark2) }
    column += isWide ? 2 : 1
    x = column
    // Terminals differ in the width of foreign characters, and in the cursor's position after the last column.
    let scalar = cell.scalar
    let isSure =
      scalar < 0x250 || scalar >= 0x2500 && scalar <= 0x25A1 || scalar >= 0x2800 && scalar <= 0x28FF || scalar == 0x2026
      || scalar == 0x2013
    if !isSure || cell.mark1 != 0 || x >= new.width { x = -1 }
    y = row
  }

  // MARK: Bytes

  private mutating func move(to column: Int, _ row: Int) {
    if y == row, x == column { return }
    if y == row, x >= 0, column > x {
      let count = column - x
      write(count == 1 ? "\u{1B}[C" : "\u{1B}[" + String(count) + "C")
    } else if column == 0 {
      write(row == 0 ? "\u{1B}[H" : "\u{1B}[" + String(row + 1) + "H")
    } else {
      write("\u{1B}[" + String(row + 1) + ";" + String(column + 1) + "H")
    }
    (x, y) = (column, row)
  }

  /// Removes the attributes that this terminal does not show, to save bytes.
  private func shown(_ style: Style) -> Style {
    var style = style
    // With grays, the color expresses it; dimmed gray would be hard to read.
    if traits.depth != .mono, traits.has16 { style.attributes.remove(.dim) }
    if traits.depth == .mono || theme[style.foreground] == nil { style.foreground = .standard }
    if traits.depth == .mono || theme[style.background] == nil { style.background = .standard }
    return style
  }

  private mutating func set(_ style: Style) {
    let style = shown(style)
    if isPenKnown, style == pen { return }
    var parameters = ""
    func add(_ parameter: String) {
      if !parameters.isEmpty { parameters += ";" }
      parameters += parameter
    }
    var (attributes, foreground, background) = (pen.attributes, pen.foreground, pen.background)
    let loses = !attributes.subtracting(style.attributes).isEmpty
    if !isPenKnown || loses || foreground != .standard && style.foreground == .standard && background == .standard {
      // An empty parameter means 0.
      if style == .plain {
        write("\u{1B}[m")
        (pen, isPenKnown) = (style, true)
        return
      }
      parameters = "0"
      (attributes, foreground, background) = ([], .standard, .standard)
    }
    let added = style.attributes.subtracting(attributes)
    if added.contains(.bold) { add("1") }
    if added.contains(.dim) { add("2") }
    if added.contains(.underline) { add("4") }
    if added.contains(.reverse) { add("7") }
    if style.foreground != foreground { add(color(style.foreground, base: 30)) }
    if style.background != background { add(color(style.background, base: 40)) }
    if parameters == "0" { parameters = "" }
    if !parameters.isEmpty || !isPenKnown || loses { write("\u{1B}[" + parameters + "m") }
    (pen, isPenKnown) = (style, true)
  }

  private func color(_ color: Color, base: Int) -> String {
    guard traits.depth != .mono, let entry = theme[color] else { return String(base + 9) }
    switch traits.depth {
    case .mono: return String(base + 9)
    case .ansi:
      if entry.of16 < 8 { return String(base + Int(entry.of16)) }
      // With 8 colors, bright black would be black on black.
      if !traits.has16 { return entry.of16 == 8 ? String(base + 9) : String(base + Int(entry.of16) - 8) }
      return String(base + 60 + Int(entry.of16) - 8)
    case .palette: return String(base + 8) + ";5;" + String(entry.of256)
    case .truecolor:
      let rgb = entry.rgb
      return String(base + 8) + ";2;" + String(rgb >> 16 & 0xFF) + ";" + String(rgb >> 8 & 0xFF) + ";"
        + String(rgb & 0xFF)
    }
  }

  private mutating func write(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func append(_ scalar: UInt32) {
    if scalar < 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: scalar))
    } else if let scalar = Unicode.Scalar(scalar) {
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }
}
