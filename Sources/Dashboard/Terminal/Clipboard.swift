internal import SystemIO

/// The terminal's clipboard (OSC 52).
package enum Clipboard {
  /// Returns the bytes that copy a text: its base64 in a control sequence, which the terminal does not show.
  ///
  /// A terminal that refuses ignores them; tmux passes them on with `set-clipboard on`.
  package static func bytes(_ text: String) -> [UInt8] {
    Array(("\u{1B}]52;c;" + Base64.encoded(Array(text.utf8)) + "\u{1B}\\").utf8)
  }
}
