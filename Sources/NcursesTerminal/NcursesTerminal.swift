internal import CNcurses
package import Dashboard
internal import SystemIO

/// The terminal through ncursesw; the only file that uses it.
///
/// ncurses identifies the terminal (terminfo), takes it over, restores it, and draws on terminals that do not follow
/// ECMA-48. On the others ``FrameEncoder`` encodes each frame's difference: one write(2), in 24-bit colors where
/// supported, of a known size.
///
/// A process has one screen: create it once, on the drawing thread, and ``close()`` it.
package final class NcursesTerminal: EncodedTerminal {
  /// A missing or unusable terminal type.
  package struct UnknownTerminal: UserError {
    package let type: String
    package var description: String {
      "terminfo has no usable entry for the terminal type \(type.debugDescription) (TERM); install ncurses-base, or "
        + "set TERM=dumb to print lines"
    }
  }

  private let kind: Glyphs.GraphGlyphs
  private let input: Int32
  private let ownsInput: Bool
  private let output: Int32
  /// The same terminal, opened again with its own non-blocking mode, independent of the shell's descriptor.
  private let line: Int32
  private let isDirect: Bool
  package var session: TerminalSession
  private var pairs: [UInt16: Int32] = [:]
  private var isOpen = true

  /// Takes over the terminal.
  ///
  /// - Parameters:
  ///   - type: the terminal type; one that terminfo does not know is drawn as xterm-256color.
  ///   - environment: looks up a variable: COLORTERM, NO_COLOR, …
  package init(
    type: String, input: Int32, output: Int32, isUTF8: Bool, environment: @escaping (String) -> String?
  ) throws(UnknownTerminal) {
    guard let known = NcursesTerminal.known(type, output: output) else { throw UnknownTerminal(type: type) }
    // Before ncurses, which does not replace existing signal handlers.
    _ = cncurses_catch_signals(true)
    // Keys come from the terminal even where stdin is a pipe.
    if isatty(input) == 1 {
      self.input = input
      ownsInput = false
    } else {
      self.input = cncurses_open_controlling()
      ownsInput = true
    }
    self.output = output
    if cncurses_open(known, self.input, output) != 0 {
      cncurses_release_signals()
      if ownsInput, self.input >= 0 { SystemIO.close(self.input) }
      throw UnknownTerminal(type: type)
    }
    let colors = Int(cncurses_colors())
    session = TerminalSession {
      TerminalTraits(type: type, colors: colors, environment: environment, wanted: $0)
    }
    kind = !isUTF8 ? .ascii : known.hasPrefix("linux") ? .console : .braille
    isDirect = cncurses_is_ecma48()
    if isDirect {
      let again = cncurses_open_again(output)
      line = again >= 0 ? again : output
      cncurses_begin_direct(true)
    } else {
      line = output
    }
  }

  /// Returns a type known to terminfo that can stand in for this one; nil without a database and without the built-in
  /// entry.
  ///
  /// Terminals with their own entry are often used from a machine that lacks it (a remote one, a container). Nearly
  /// all of them understand xterm's sequences.
  private static func known(_ type: String, output: Int32) -> String? {
    let name = TerminalTypes.substitutes(for: type).first {
      cncurses_kind_of($0, output) == CNCURSES_ADDRESSABLE.rawValue
    }
    return name ?? (cncurses_use_builtin() ? String(cString: cncurses_builtin_type) : nil)
  }

  /// Whether the terminal has no cursor addressing: by terminfo, or by its name where terminfo does not know it.
  package static func onlyPrintsLines(type: String, output: Int32) -> Bool {
    switch cncurses_kind_of(type, output) {
    case CNCURSES_ADDRESSABLE.rawValue: false
    case CNCURSES_LINES_ONLY.rawValue: true
    default: TerminalTypes.onlyPrintsLines(type)
    }
  }

  /// Takes over the terminal of stdin and stdout; nil if stdout is not a terminal or has no cursor addressing (TERM=dumb).
  ///
  /// - Throws: an error with a description in one line, where the terminal type (TERM) is unset or unknown.
  package static func standard() throws(UnknownTerminal) -> NcursesTerminal? {
    let type = Environment.value(of: "TERM") ?? ""
    guard isatty(STDOUT_FILENO) == 1, !onlyPrintsLines(type: type, output: STDOUT_FILENO) else { return nil }
    return try NcursesTerminal(
      type: type, input: STDIN_FILENO, output: STDOUT_FILENO, isUTF8: localeIsUTF8,
      environment: { Environment.value(of: $0) })
  }

  /// Whether the locale uses UTF-8.
  package static var localeIsUTF8: Bool { cncurses_locale_is_utf8() }

  /// Restores the terminal.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    awaitAnswer()
    restoreTitle()
    cncurses_close()
    cncurses_release_signals()
    if line != output { SystemIO.close(line) }
    if ownsInput, input >= 0 { SystemIO.close(input) }
  }

  deinit { close() }

  // MARK: Drawing

  package var size: Size {
    var columns: Int32 = 0
    var rows: Int32 = 0
    cncurses_size(&columns, &rows)
    return Size(width: Int(columns), height: Int(rows))
  }

  package var glyphs: Glyphs { Glyphs(kind, isMono: session.encoder.traits.depth == .mono) }

  package var mouseEnabled = true {
    didSet { if isDirect { cncurses_set_mouse(mouseEnabled) } }
  }

  package var hasTitle: Bool { isDirect && session.encoder.traits.hasTitle }

  package var isWritable: Bool { cncurses_is_writable(line) }

  /// Restores the window's own title.
  private func restoreTitle() {
    guard session.window.isChanged else { return }
    title = nil
    // Appended to the unsent bytes, not inserted into a truncated sequence.
    session.unsent += titleBytes()
    send()
    session.unsent = []
  }

  package func present(_ grid: Grid) -> Bool {
    isDirect ? presentEncoded(grid) : isReady && presentThroughNcurses(grid)
  }

  /// Whether a part of the last frame is still unsent; ``nextEvent(timeout:)`` sends the rest.
  var isSending: Bool { !session.unsent.isEmpty }

  package func write(_ bytes: [UInt8]) -> Int {
    while true {
      let written = bytes.withUnsafeBytes { SystemIO.write(line, $0.baseAddress, $0.count) }
      if written >= 0 { return written }
      let code = SystemError.last
      if code != EINTR { return code == EAGAIN ? 0 : -1 }
    }
  }

  // MARK: Drawing through ncurses

  private func presentThroughNcurses(_ grid: Grid) -> Bool {
    if let shown = session.shown, shown.width != grid.width || shown.height != grid.height {
      cncurses_resize(Int32(clamping: grid.width), Int32(clamping: grid.height))
      session.shown = nil
    }
    if session.shown == nil {
      // Another program may have written meanwhile, and the theme may be another.
      pairs = [:]
      cncurses_invalidate()
    }
    for y in 0..<grid.height {
      // ncurses blanks the other half of an overwritten wide character; redrawing whole rows keeps this simple.
      let hasWide = rowHasWide(grid, y) || session.shown.map { rowHasWide($0, y) } ?? false
      for x in 0..<grid.width {
        let cell = grid[x, y]
        if !hasWide, let shown = session.shown, shown[x, y] == cell { continue }
        if cell.scalar == Cell.tail { continue }
        put(cell, x: x, y: y, columns: x + 1 < grid.width && grid[x + 1, y].scalar == Cell.tail ? 2 : 1)
      }
    }
    session.shown = grid
    cncurses_flush()
    return true
  }

  /// Columns of a character in ncurses, by the current locale; -1 if it is not printable there.
  package static func columns(of scalar: UInt32) -> Int { Int(cncurses_width(scalar)) }

  private func rowHasWide(_ grid: Grid, _ y: Int) -> Bool {
    for x in 0..<grid.width where grid[x, y].scalar == Cell.tail { return true }
    return false
  }

  private func put(_ cell: Cell, x: Int, y: Int, columns: Int) {
    let column = Int32(clamping: x)
    let row = Int32(clamping: y)
    var attributes: UInt32 = 0
    if cell.style.attributes.contains(.bold) { attributes |= CNCURSES_BOLD.rawValue }
    if cell.style.attributes.contains(.reverse) { attributes |= CNCURSES_REVERSE.rawValue }
    if cell.style.attributes.contains(.dim), !session.encoder.traits.has16 { attributes |= CNCURSES_DIM.rawValue }
    let pair = pair(cell.style)
    // Where the C library disagrees about the width, ncurses would misplace the rest of the row.
    if cell.scalar >= 0x7F, NcursesTerminal.columns(of: cell.scalar) != columns {
      for offset in 0..<Int32(columns) { cncurses_put(column + offset, row, 0x3F, 0, 0, attributes, pair) }
      return
    }
    cncurses_put(column, row, cell.scalar, cell.mark1, cell.mark2, attributes, pair)
  }

  /// Returns ncurses' pair of a style's two colors, created at first use; 0 is the terminal's own.
  private func pair(_ style: Style) -> Int32 {
    guard session.encoder.traits.depth != .mono else { return 0 }
    let foreground = index(style.foreground)
    let background = index(style.background)
    if foreground < 0 && background < 0 { return 0 }
    let key = UInt16(style.foreground.number) << 8 | UInt16(style.background.number)
    if let pair = pairs[key] { return pair }
    let pair = Int32(pairs.count + 1)
    let isDefined = cncurses_define_pair(pair, foreground, background)
    pairs[key] = isDefined ? pair : 0
    return isDefined ? pair : 0
  }

  private func index(_ color: Color) -> Int32 {
    guard let entry = session.encoder.theme[color] else { return -1 }
    if session.encoder.traits.depth != .ansi { return Int32(entry.of256) }
    if session.encoder.traits.has16 { return Int32(entry.of16) }
    // With 8 colors, bright black would be black on black; the text color, dimmed, replaces it.
    return entry.of16 == 8 ? -1 : Int32(entry.of16 & 7)
  }

  // MARK: Events

  package var wake: @Sendable () -> Void { { cncurses_wake() } }

  package func suspend(wholeGroup: Bool) {
    let wanted = title
    restoreTitle()
    title = wanted
    cncurses_stop_process(wholeGroup)
    resume()
  }

  package func resume() {
    cncurses_resume()
    session.restart()
  }

  package func wait(forOutput: Bool, milliseconds: Int32) -> TerminalWait {
    let found = cncurses_wait(input, line, forOutput, milliseconds)
    if found.input { readInput() }
    return TerminalWait(
      terminated: found.terminated, isStopRequested: found.stop_requested, isContinued: found.continued,
      isResized: found.resized, isWoken: found.woken, hasInput: found.input, isWritable: found.output,
      isHangup: found.hangup)
  }

  /// Reads available input.
  private func readInput() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(input, &bytes, bytes.count)
    if count > 0 { session.input.feed(bytes[..<count]) }
  }
}
