/// A key that was pressed.
enum KeyPress: Hashable {
  /// A character; other control characters than those with a case of their own are those below U+0020.
  case character(Unicode.Scalar)
  case up, down, left, right, pageUp, pageDown, home, end
  case insert, delete, backspace, enter, tab, backTab, escape
  /// F1 is 1.
  case function(Int)
  /// One that means nothing here.
  case other
}

/// What a mouse did, at a cell from the upper left.
struct MouseEvent: Hashable {
  enum Kind: Hashable {
    case press, drag, release, wheelUp, wheelDown
  }

  var kind: Kind
  var x: Int
  var y: Int
}
