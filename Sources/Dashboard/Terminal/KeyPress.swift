/// A key that was pressed.
enum KeyPress: Hashable {
  /// A character; other control characters than those with a case of their own are those below U+0020.
  case character(Unicode.Scalar)
  case up, down, left, right, pageUp, pageDown, home, end
  /// With Shift or Ctrl; terminals keep one or the other for themselves.
  case shiftPageUp, shiftPageDown, shiftHome, shiftEnd
  case insert, delete, backspace, enter, tab, backTab, escape
  /// F1 is 1.
  case function(Int)
  /// One that means nothing here.
  case other
}

extension KeyPress {
  /// The character that a text has for it; nil for keys that no text contains.
  var text: Unicode.Scalar? {
    switch self {
    case .character(let scalar): scalar
    case .enter: "\n"
    case .tab: "\t"
    case .backspace: "\u{8}"
    default: nil
    }
  }
}

/// Pasted text: bracketed by the terminal, or recognized by its speed.
struct Paste: Hashable {
  /// The text with its control characters.
  var text: String
  var isBracketed: Bool
}

/// What a mouse did, at a cell from the upper left.
struct MouseEvent: Hashable {
  enum MouseAction: Hashable {
    case press, drag, release, wheelUp, wheelDown
  }

  var kind: MouseAction
  var x: Int
  var y: Int
}
