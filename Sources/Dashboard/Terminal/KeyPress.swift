/// A key press.
package enum KeyPress: Hashable {
  /// A character; control characters without a case of their own are those below U+0020.
  case character(Unicode.Scalar)
  case up, down, left, right, pageUp, pageDown, home, end
  /// With Shift or Ctrl; terminals reserve one or the other.
  case shiftPageUp, shiftPageDown, shiftHome, shiftEnd
  case insert, delete, backspace, enter, tab, backTab, escape
  /// F1 is 1.
  case function(Int)
  /// A key without a meaning here.
  case other
}

extension KeyPress {
  /// The character of the key in a text; nil for keys that no text contains.
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
package struct Paste: Hashable {
  /// The text with its control characters.
  var text: String
  var isBracketed: Bool

  /// The text for a field of one line, and whether Enter ends it.
  ///
  /// Pasted lines become one. Text without brackets may have been typed: of it, only the first line counts.
  var line: (text: String, isEntered: Bool) {
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    guard !isBracketed else {
      return (String(lines.joined(separator: " ").reversed().drop { $0 == " " }.reversed()), false)
    }
    return (String(lines.first ?? ""), lines.count == 2 && lines[1].isEmpty)
  }
}

/// A mouse action at a cell, counted from the upper left.
package struct MouseEvent: Hashable {
  package enum MouseAction: Hashable {
    case press, drag, release, wheelUp, wheelDown
  }

  var kind: MouseAction
  var x: Int
  var y: Int
}
