internal import SystemIO

/// The title of the terminal's window.
///
/// The original is pushed to the terminal's stack before the first change (XTWINOPS 22), and popped after the last.
package struct WindowTitle {
  /// The wanted title; nil for the window's own.
  package var title: String?
  private var shown: String?

  package init() {}

  /// Whether the window has another title than its own.
  package var isChanged: Bool { shown != nil }

  /// Returns the bytes that set the wanted title; empty if the window has it.
  package mutating func update() -> [UInt8] {
    guard title != shown else { return [] }
    defer { shown = title }
    guard let title else { return Array("\u{1B}[23;2t".utf8) }
    let push = isChanged ? "" : "\u{1B}[22;2t"
    return Array((push + "\u{1B}]2;" + title.printable + "\u{1B}\\").utf8)
  }
}
