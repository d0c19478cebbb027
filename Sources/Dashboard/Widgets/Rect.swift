/// A size in columns and rows.
package struct Size: Equatable {
  package var width: Int
  package var height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// A part of the screen, in columns and rows from the upper left.
struct Rect: Equatable {
  var x: Int
  var y: Int
  var width: Int
  var height: Int

  /// Column after the last.
  var right: Int { x + width }
  /// Row after the last.
  var bottom: Int { y + height }
  var isEmpty: Bool { width <= 0 || height <= 0 }

  func contains(_ x: Int, _ y: Int) -> Bool { x >= self.x && x < right && y >= self.y && y < bottom }

  func intersection(_ other: Rect) -> Rect {
    let x = max(self.x, other.x)
    let y = max(self.y, other.y)
    return Rect(
      x: x, y: y, width: max(0, min(right, other.right) - x), height: max(0, min(bottom, other.bottom) - y))
  }

  /// Removes rows from the top, as far as available, and returns them.
  mutating func takeTop(_ rows: Int) -> Rect {
    let taken = Rect(x: x, y: y, width: width, height: max(0, min(rows, height)))
    y += taken.height
    height -= taken.height
    return taken
  }

  /// Removes rows from the bottom, as far as available, and returns them.
  mutating func takeBottom(_ rows: Int) -> Rect {
    let taken = max(0, min(rows, height))
    height -= taken
    return Rect(x: x, y: y + height, width: width, height: taken)
  }

  /// Removes columns from the left, as far as available, and returns them.
  mutating func takeLeft(_ columns: Int) -> Rect {
    let taken = Rect(x: x, y: y, width: max(0, min(columns, width)), height: height)
    x += taken.width
    width -= taken.width
    return taken
  }
}
