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
package final class NcursesTerminal: Terminal {
  /// A missing or unusable terminal type.
  package struct UnknownTerminal: UserError {
    package let type: String
    package var description: String {
      "terminfo has no usable entry for the terminal type \(type.debugDescription) (TERM); install ncurses-base, or "
        + "set TERM=dumb to print lines"
    }
  }

  private let kind: Glyphs.GraphGlyphs
  private let traits: (ColorDepth?) -> TerminalTraits
  private let input: Int32
  private let ownsInput: Bool
  private let output: Int32
  /// The same terminal, opened again with its own non-blocking mode, independent of the shell's descriptor.
  private let line: Int32
  private let isDirect: Bool
  private var encoder: FrameEncoder
  private var shown: Grid?
  private var unsent: [UInt8] = []
  package private(set) var bytesSent = 0
  private var query = TerminalQuery()
  private var window = WindowTitle()
  private var pairs: [UInt16: Int32] = [:]
  private var mustWait = false
  private var keys = InputQueue()
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
    traits = { TerminalTraits(type: type, colors: colors, environment: environment, wanted: $0) }
    encoder = FrameEncoder(traits: traits(nil), theme: .calm)
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
    // A late answer would appear as input of the shell.
    if query.isPending { awaitAnswer(atMost: 0.3) }
    restoreTitle()
    cncurses_close()
    cncurses_release_signals()
    if line != output { SystemIO.close(line) }
    if ownsInput, input >= 0 { SystemIO.close(input) }
  }

  deinit { close() }

  private func awaitAnswer(atMost seconds: Double) {
    let end = Clock.monotonic + seconds
    while query.isPending, Clock.monotonic < end {
      var polled = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
      guard poll(&polled, 1, Int32(max(1, (end - Clock.monotonic) * 1000))) > 0, readInput() else { return }
      count(answers: keys.decode(isOver: false, waited: 0))
    }
  }

  // MARK: Drawing

  package var size: Size {
    var columns: Int32 = 0
    var rows: Int32 = 0
    cncurses_size(&columns, &rows)
    return Size(width: Int(columns), height: Int(rows))
  }

  package var theme: Theme {
    get { encoder.theme }
    set {
      guard newValue != encoder.theme else { return }
      encoder.theme = newValue
      invalidate()
    }
  }

  package var glyphs: Glyphs { Glyphs(kind, isMono: encoder.traits.depth == .mono) }

  package var color: ColorDepth? {
    didSet {
      encoder.traits = traits(color)
      invalidate()
    }
  }

  package var mouseEnabled = true {
    didSet { if isDirect { cncurses_set_mouse(mouseEnabled) } }
  }

  package var title: String? {
    get { window.title }
    set { window.title = newValue }
  }

  /// Returns the bytes that set the wanted window title.
  private func titleBytes() -> [UInt8] { isDirect && encoder.traits.hasTitle ? window.update() : [] }

  /// Restores the window's own title.
  private func restoreTitle() {
    guard window.isChanged else { return }
    title = nil
    // Appended to the unsent bytes, not inserted into a truncated sequence.
    unsent += titleBytes()
    send()
    unsent = []
  }

  package var isReady: Bool {
    mustWait = !cncurses_is_writable(line) || !query.isSeen(at: Clock.monotonic)
    return !mustWait
  }

  package func present(_ grid: Grid) -> Bool {
    // A frame that would block is dropped in favor of the next one.
    guard isReady else { return false }
    guard isDirect else { return presentThroughNcurses(grid) }
    if !unsent.isEmpty {
      send()
      if !unsent.isEmpty {
        mustWait = true
        return false
      }
    }
    unsent = encoder.encode(from: shown, to: grid)
    shown = grid
    unsent = titleBytes() + unsent
    guard !unsent.isEmpty else { return true }
    if query.count(unsent.count, at: Clock.monotonic) { unsent += TerminalQuery.bytes }
    send()
    return true
  }

  /// Whether a part of the last frame is still unsent; ``nextEvent(timeout:)`` sends the rest.
  var isSending: Bool { !unsent.isEmpty }

  /// Writes as many bytes as the terminal accepts now.
  private func send() {
    while !unsent.isEmpty {
      let written = unsent.withUnsafeBytes { write(line, $0.baseAddress, $0.count) }
      if written < 0 {
        let code = SystemError.last
        if code == EINTR { continue }
        // Any error but a full line appears as a hang-up at the next wait.
        if code != EAGAIN { unsent = [] }
        return
      }
      bytesSent += written
      unsent.removeFirst(min(written, unsent.count))
    }
  }

  package func copy(_ text: String) {
    guard isDirect, encoder.traits.hasTitle else { return }
    unsent += Clipboard.bytes(text)
  }

  package func invalidate() {
    shown = nil
    if !isDirect { cncurses_invalidate() }
  }

  // MARK: Drawing through ncurses

  private func presentThroughNcurses(_ grid: Grid) -> Bool {
    if let shown, shown.width != grid.width || shown.height != grid.height {
      cncurses_resize(Int32(clamping: grid.width), Int32(clamping: grid.height))
      self.shown = nil
    }
    for y in 0..<grid.height {
      // ncurses blanks the other half of an overwritten wide character; redrawing whole rows keeps this simple.
      let hasWide = rowHasWide(grid, y) || shown.map { rowHasWide($0, y) } ?? false
      for x in 0..<grid.width {
        let cell = grid[x, y]
        if !hasWide, let shown, shown[x, y] == cell { continue }
        if cell.scalar == Cell.tail { continue }
        put(cell, x: x, y: y, columns: x + 1 < grid.width && grid[x + 1, y].scalar == Cell.tail ? 2 : 1)
      }
    }
    shown = grid
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
    if cell.style.attributes.contains(.dim), !encoder.traits.has16 { attributes |= CNCURSES_DIM.rawValue }
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
    guard encoder.traits.depth != .mono else { return 0 }
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
    guard let entry = encoder.theme[color] else { return -1 }
    if encoder.traits.depth != .ansi { return Int32(entry.of256) }
    if encoder.traits.has16 { return Int32(entry.of16) }
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

  private func resume() {
    cncurses_resume()
    shown = nil
    unsent = []
    query.cancel()
  }

  /// Reads available input; false without any.
  private func readInput() -> Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(input, &bytes, bytes.count)
    guard count > 0 else { return false }
    keys.feed(bytes[..<count])
    return true
  }

  private func count(answers: Int) {
    for _ in 0..<answers where query.answer(at: Clock.monotonic) && mustWait {
      mustWait = false
      keys.events.append(.writable)
    }
  }

  package func nextEvent(timeout: Double) -> TerminalEvent {
    while true {
      if !keys.events.isEmpty { return keys.events.removeFirst() }
      let wantsOutput = (mustWait && !query.isPending) || !unsent.isEmpty
      let start = Clock.monotonic
      let found = cncurses_wait(input, line, wantsOutput, keys.delay(timeout))
      let waited = Clock.monotonic - start
      if found.terminated != 0 { return .terminated(signal: found.terminated) }
      if found.stop_requested { keys.events.append(.suspend) }
      if found.continued {
        resume()
        keys.events.append(.continued)
      }
      if found.resized { keys.events.append(.resized) }
      let wasPending = keys.isPending
      var isOver = false
      if found.input {
        _ = readInput()
      } else if wasPending {
        isOver = true
      }
      count(answers: keys.decode(isOver: isOver, waited: waited))
      if found.output {
        send()
        if mustWait, unsent.isEmpty {
          mustWait = false
          keys.events.append(.writable)
        }
      }
      if found.woken { keys.events.append(.woken) }
      if found.hangup { keys.events.append(.hangup) }
      if keys.events.isEmpty, !found.input, !found.output, !wasPending { return .timeout }
      if keys.events.isEmpty, timeout <= 0 { return .timeout }
    }
  }
}
