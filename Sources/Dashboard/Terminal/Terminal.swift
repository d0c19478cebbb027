/// Where the dashboard is drawn and what it hears: a real terminal, or a test's.
protocol Terminal: AnyObject {
  /// Columns and rows now.
  var size: Size { get }
  /// What its font, locale and colours allow.
  var glyphs: Glyphs { get }
  /// The colours that meanings are shown in; the next picture is sent whole when they change.
  var theme: Theme { get set }
  /// The colours that its user wants it to be given; nil for what it can.
  var color: ColorDepth? { get set }
  /// Whether it tells what the mouse does.
  var mouseEnabled: Bool { get set }
  /// What its window is called while it shows pictures, where it has a window; nil for what it was called before.
  var title: String? { get set }
  /// Bytes sent since the start.
  var bytesSent: Int { get }
  /// Shows a picture; sends only what differs from the last one.
  ///
  /// - Returns: false when the terminal takes no bytes now and the picture was dropped; ``TerminalEvent/writable`` comes
  ///   when it does.
  func present(_ grid: Grid) -> Bool
  /// Forgets what stands on the screen: the next picture is sent whole.
  func invalidate()
  /// Gives the screen back and stops the process, or its whole group as Ctrl-Z should; returns when it is continued.
  func suspend(wholeGroup: Bool)
  /// Waits for the next event, at most until so many seconds have passed.
  func nextEvent(timeout: Double) -> TerminalEvent
  /// Makes ``nextEvent(timeout:)`` return ``TerminalEvent/woken``, from any thread.
  var wake: @Sendable () -> Void { get }
}

/// What a terminal has to tell.
enum TerminalEvent: Equatable {
  case key(KeyPress)
  /// A key that came together with others, faster than they can be typed.
  case burst(KeyPress)
  case paste(Paste)
  case mouse(MouseEvent)
  /// Its window got the focus, or lost it.
  case focus(Bool)
  /// The size may be another.
  case resized
  /// Something wants to be drawn.
  case woken
  /// The time is over.
  case timeout
  /// SIGTSTP.
  case suspend
  /// The process was stopped by something that could not be caught, and goes on.
  case continued
  /// Bytes are taken again.
  case writable
  /// A signal that ends.
  case terminated(signal: Int32)
  /// The terminal, or the reader of the output, is gone.
  case hangup
}
