/// Output and input of the dashboard: a real terminal, or a test's.
package protocol Terminal: AnyObject {
  /// Current columns and rows.
  var size: Size { get }
  /// Characters supported by its font, locale and colors.
  var glyphs: Glyphs { get }
  /// Colors of the meanings; a change sends the next frame whole.
  var theme: Theme { get set }
  /// The user's choice of colors; nil for the detected ones.
  var color: ColorDepth? { get set }
  /// Whether mouse events are reported.
  var mouseEnabled: Bool { get set }
  /// Window title while frames are shown; nil for the original one.
  var title: String? { get set }
  /// Bytes sent since the start.
  var bytesSent: Int { get }
  /// Whether ``present(_:)`` would take a frame now; ``TerminalEvent/writable`` follows where it would not.
  var isReady: Bool { get }
  /// Shows a frame; sends only its difference from the last one.
  ///
  /// - Returns: false when the terminal is not writable and the frame was dropped; ``TerminalEvent/writable`` follows
  ///   when it is.
  func present(_ grid: Grid) -> Bool
  /// Discards the known screen contents: the next frame is sent whole.
  func invalidate()
  /// Restores the screen and stops the process, or its whole group as for Ctrl-Z; returns when it is continued.
  func suspend(wholeGroup: Bool)
  /// Waits for the next event, at most `timeout` seconds.
  func nextEvent(timeout: Double) -> TerminalEvent
  /// Makes ``nextEvent(timeout:)`` return ``TerminalEvent/woken``, from any thread.
  var wake: @Sendable () -> Void { get }
  /// Copies a text to the clipboard, where the terminal can (OSC 52).
  func copy(_ text: String)
  /// Restores the screen for good.
  func close()
}

extension Terminal {
  package func copy(_ text: String) {}
  package func close() {}
}

/// An event of a terminal.
package enum TerminalEvent: Equatable {
  case key(KeyPress)
  /// A key that arrived together with others, faster than typed.
  case burst(KeyPress)
  case paste(Paste)
  case mouse(MouseEvent)
  /// The window gained or lost the focus.
  case focus(Bool)
  /// The size may have changed.
  case resized
  /// A redraw was requested.
  case woken
  /// The timeout has passed.
  case timeout
  /// SIGTSTP.
  case suspend
  /// The process was stopped by an uncatchable signal, and continues.
  case continued
  /// The terminal is writable again.
  case writable
  /// A terminating signal.
  case terminated(signal: Int32)
  /// The terminal, or the reader of the output, is gone.
  case hangup
}
