/// A frame: a value of width × height cells that widgets draw on and a terminal presents.
///
/// Drawing outside its ``clip`` has no effect; no call traps for any position or text.
package struct Grid: Equatable {
  package let width: Int
  package let height: Int
  /// Whether the terminal lacks UTF-8: characters other than ASCII become `?`.
  let isASCII: Bool
  private(set) var cells: [Cell]
  /// Area open for drawing; narrowed to a panel, so that the panel cannot draw outside.
  private(set) var clip: Rect

  init(_ size: Size, isASCII: Bool = false) {
    width = max(0, size.width)
    height = max(0, size.height)
    self.isASCII = isASCII
    cells = Array(repeating: .blank, count: width * height)
    clip = Rect(x: 0, y: 0, width: width, height: height)
  }

  var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

  /// The cell at a position; a blank outside.
  package subscript(x: Int, y: Int) -> Cell {
    x >= 0 && y >= 0 && x < width && y < height ? cells[y * width + x] : .blank
  }

  /// Draws with the clip narrowed to `rect`.
  mutating func within(_ rect: Rect, _ draw: (inout Grid) -> Void) {
    let outer = clip
    clip = outer.intersection(rect)
    draw(&self)
    clip = outer
  }

  // MARK: Text

  /// Puts a text on row `y` from column `x`, over `limit` columns at most; a grapheme that does not fit ends it.
  ///
  /// Control characters become `?`, and invisible formatting (bidirectional overrides, joiners) is omitted, since
  /// process names are arbitrary.
  /// - Returns: the column after the text.
  @discardableResult
  mutating func put(_ text: String, x: Int, y: Int, _ style: Style = .plain, limit: Int = .max) -> Int {
    let end = limit > Int.max - max(0, x) ? Int.max : x + max(0, limit)
    guard y >= clip.y, y < clip.bottom else { return x }
    // The standard library's strings expose their bytes in place, so that ASCII, nearly all text, costs only a copy.
    let ascii = text.utf8.withContiguousStorageIfAvailable { bytes -> Int? in
      for byte in bytes where byte >= 0x7F || byte < 0x20 { return nil }
      var column = x
      for byte in bytes {
        if column >= end { break }
        write(Cell(scalar: UInt32(byte), style: style), x: column, y: y)
        column += 1
      }
      return column
    }
    if let ascii, let column = ascii { return column }
    return putGraphemes(text, x: x, y: y, style, end: end)
  }

  /// Puts a text so that it ends before column `end`, over `limit` columns at most; cut, with an ellipsis: the first digits
  /// of a number are another number.
  mutating func putRight(_ text: String, end: Int, y: Int, _ style: Style = .plain, limit: Int = .max) {
    let columns = Grid.columns(of: text)
    guard columns > limit else {
      put(text, x: end - columns, y: y, style, limit: columns)
      return
    }
    putShortened(text, x: end - max(0, limit), y: y, style, limit: limit)
  }

  /// Puts a text whose last column becomes an ellipsis if the text is too long.
  /// - Returns: the column after the text.
  @discardableResult
  mutating func putShortened(_ text: String, x: Int, y: Int, _ style: Style = .plain, limit: Int) -> Int {
    if Grid.columns(of: text) <= limit { return put(text, x: x, y: y, style, limit: limit) }
    guard limit > 0 else { return x }
    let column = put(text, x: x, y: y, style, limit: limit - 1)
    return put(isASCII ? "~" : "…", x: column, y: y, style)
  }

  /// Puts one character of one column.
  mutating func put(_ scalar: Unicode.Scalar, x: Int, y: Int, _ style: Style = .plain) {
    guard y >= clip.y, y < clip.bottom else { return }
    write(Cell(scalar: isASCII && !scalar.isASCII ? 0x3F : scalar.value, style: style), x: x, y: y)
  }

  /// Puts the same character `count` times.
  mutating func fill(_ scalar: Unicode.Scalar, x: Int, y: Int, count: Int, _ style: Style = .plain) {
    guard count > 0 else { return }
    for column in max(x, clip.x)..<max(x, clip.x, min(x + count, clip.right)) { put(scalar, x: column, y: y, style) }
  }

  /// Blanks a part of the frame.
  mutating func clear(_ rect: Rect, _ style: Style = .plain) {
    let rect = rect.intersection(clip)
    for y in rect.y..<rect.bottom { fill(" ", x: rect.x, y: y, count: rect.width, style) }
  }

  /// Changes the styles of a part of the frame.
  mutating func restyle(_ rect: Rect, _ change: (Style) -> Style) {
    let rect = rect.intersection(clip)
    for y in rect.y..<rect.bottom {
      for x in rect.x..<rect.right { cells[y * width + x].style = change(cells[y * width + x].style) }
    }
  }

  /// Columns that a text takes on the grid.
  static func columns(of text: String) -> Int {
    var count = 0
    var isPlain = true
    for byte in text.utf8 {
      if byte >= 0x7F || byte < 0x20 {
        isPlain = false
        break
      }
      count += 1
    }
    if isPlain { return count }
    return text.reduce(0) { $0 + Grapheme($1, isASCII: false).columns }
  }

  private mutating func putGraphemes(_ text: String, x: Int, y: Int, _ style: Style, end: Int) -> Int {
    var column = x
    for character in text {
      let grapheme = Grapheme(character, isASCII: isASCII)
      if grapheme.columns > end - column { break }
      for var cell in grapheme.cells {
        cell.style = style
        let isWide = CharacterWidth.of(Unicode.Scalar(cell.scalar) ?? "?") == 2
        if isWide && (column < clip.x || column + 2 > clip.right) {
          // Cut by the edge: half a character cannot be shown.
          write(Cell(scalar: 0x20, style: style), x: column, y: y)
          write(Cell(scalar: 0x20, style: style), x: column + 1, y: y)
        } else {
          write(cell, x: column, y: y)
          if isWide { cells[y * width + column + 1] = Cell(scalar: Cell.tail, style: style) }
        }
        column += isWide ? 2 : 1
      }
    }
    return column
  }

  /// Sets one cell of a visible row, and blanks the other half of a wide character that it cuts.
  private mutating func write(_ cell: Cell, x: Int, y: Int) {
    guard x >= clip.x, x < clip.right else { return }
    let index = y * width + x
    if cells[index].scalar == Cell.tail, x > 0 {
      cells[index - 1].scalar = 0x20
      cells[index - 1].mark1 = 0
      cells[index - 1].mark2 = 0
    }
    if x + 1 < width, cells[index + 1].scalar == Cell.tail { cells[index + 1].scalar = 0x20 }
    // The caller then sets the right half of the wide character that this cell begins.
    cells[index] = cell
  }

  // MARK: Text of the frame

  /// The rows as text, without trailing spaces.
  var rows: [String] {
    (0..<height).map { y in
      var row = ""
      for x in 0..<width {
        let cell = cells[y * width + x]
        if cell.scalar == Cell.tail { continue }
        for scalar in [cell.scalar, cell.mark1, cell.mark2] where scalar != 0 {
          if let scalar = Unicode.Scalar(scalar) { row.unicodeScalars.append(scalar) }
        }
      }
      while row.last == " " { row.removeLast() }
      return row
    }
  }
}

/// A character of foreign text as the cells that show it.
private struct Grapheme {
  var cells: [Cell] = []
  var columns = 0

  init(_ character: Character, isASCII: Bool) {
    for scalar in character.unicodeScalars {
      let width = CharacterWidth.of(scalar)
      switch width {
      case 0:
        // Joiners and direction marks are dropped, because terminals disagree about them. Marks are attached to their
        // character.
        if scalar.properties.generalCategory == .format || scalar.isVariationSelector || cells.isEmpty || isASCII {
          continue
        }
        if cells[cells.count - 1].mark1 == 0 {
          cells[cells.count - 1].mark1 = scalar.value
        } else if cells[cells.count - 1].mark2 == 0 {
          cells[cells.count - 1].mark2 = scalar.value
        }
      case 1 where scalar.isRegionalIndicator:
        // A flag consists of two letters, and terminals disagree about its width.
        append(Cell(scalar: scalar.value - 0x1F1E6 + 0x41, style: .plain), width: 1)
      default:
        // Only the first part of a joined emoji is shown.
        if let first = cells.first, first.scalar >= 0x2600, width == 2 { continue }
        let shown = isASCII && !scalar.isASCII ? Self.plain[scalar.value] ?? 0x3F : scalar.value
        append(Cell(scalar: width < 0 ? 0x3F : shown, style: .plain), width: shown < 0x80 ? 1 : width)
      }
    }
  }

  /// ASCII for signs in the agent's own sentences: … × · – µ °.
  private static let plain: [UInt32: UInt32] = [
    0x2026: 0x7E, 0xD7: 0x78, 0xB7: 0x2D, 0x2013: 0x2D, 0xB5: 0x75, 0xB0: 0x20,
  ]

  private mutating func append(_ cell: Cell, width: Int) {
    cells.append(cell)
    columns += cell.scalar == 0x3F ? 1 : max(1, width)
  }
}

extension Unicode.Scalar {
  fileprivate var isVariationSelector: Bool { value >= 0xFE00 && value <= 0xFE0F }
  fileprivate var isRegionalIndicator: Bool { value >= 0x1F1E6 && value <= 0x1F1FF }
}
