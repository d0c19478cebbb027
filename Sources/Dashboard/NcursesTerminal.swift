#if canImport(CNcurses)
  import CNcurses
  import SystemIO

  /// The terminal through ncursesw; the only file that knows it.
  ///
  /// There is one screen in a process: make it once, on the thread that draws, and ``close()`` it.
  final class NcursesTerminal: Terminal {
    /// Why there is no screen.
    struct UnknownTerminal: Error, CustomStringConvertible {
      let type: String
      var description: String {
        type.isEmpty
          ? "TERM is not set: the type of the terminal is unknown; TERM=dumb prints lines"
          : "terminfo does not know the terminal type \(type.debugDescription) (TERM); install ncurses-term, or set TERM to a type that "
            + "`toe` lists; TERM=dumb prints lines"
      }
    }

    let glyphs: Glyphs
    private let input: Int32
    private let ownsInput: Bool
    private let output: Int32
    private let colors: Int
    private var shown: Grid?
    private var pairs: [UInt16: Int32] = [:]
    private var hasPairs = true
    private var mustWait = false
    private var pending: [TerminalEvent] = []
    private var isOpen = true

    /// Takes the terminal over.
    ///
    /// - Parameters:
    ///   - type: its terminal type; another is used where terminfo does not know it.
    ///   - noColor: whether colours are unwanted (the variable NO_COLOR).
    init(type: String, input: Int32, output: Int32, isUTF8: Bool, noColor: Bool) throws(UnknownTerminal) {
      guard let known = NcursesTerminal.known(type, output: output) else { throw UnknownTerminal(type: type) }
      // Before ncurses, which leaves alone what is already caught.
      _ = cncurses_catch_signals(true)
      // Keys come from the terminal even where stdin is a pipe.
      if isatty(input) == 1 {
        self.input = input
        ownsInput = false
      } else {
        self.input = open("/dev/tty", O_RDWR | O_CLOEXEC)
        ownsInput = true
      }
      self.output = output
      if cncurses_open(known, self.input, output) != 0 {
        cncurses_release_signals()
        if ownsInput, self.input >= 0 { SystemIO.close(self.input) }
        throw UnknownTerminal(type: type)
      }
      colors = noColor ? 0 : Int(cncurses_colors())
      let kind: Glyphs.Kind = !isUTF8 ? .ascii : known.hasPrefix("linux") ? .console : .braille
      glyphs = Glyphs(kind, isMono: colors < 8)
    }

    /// A type that terminfo knows for this one; nil where it knows none.
    private static func known(_ type: String, output: Int32) -> String? {
      func isKnown(_ type: String) -> Bool { cncurses_kind_of(type, output) == CNCURSES_ADDRESSABLE.rawValue }
      if isKnown(type) { return type }
      // Terminals that bring their own entry, seen from a machine that lacks it (a remote one, mostly).
      let families: [(prefixes: [String], substitute: String)] = [
        (["xterm", "foot", "alacritty", "kitty", "ghostty", "wezterm", "rio", "konsole"], "xterm-256color"),
        (["screen", "tmux"], "screen-256color"),
      ]
      for family in families where family.prefixes.contains(where: { type.hasPrefix($0) }) {
        if isKnown(family.substitute) { return family.substitute }
      }
      return nil
    }

    /// Whether terminfo knows the type as one that cannot place the cursor.
    static func onlyPrintsLines(type: String, output: Int32) -> Bool {
      cncurses_kind_of(type, output) == CNCURSES_LINES_ONLY.rawValue
    }

    /// Whether the locale writes UTF-8.
    static var localeIsUTF8: Bool { cncurses_locale_is_utf8() }

    /// Gives the terminal back as it was.
    func close() {
      guard isOpen else { return }
      isOpen = false
      cncurses_close()
      cncurses_release_signals()
      if ownsInput, input >= 0 { SystemIO.close(input) }
    }

    deinit { close() }

    // MARK: Drawing

    var size: Size {
      var columns: Int32 = 0
      var rows: Int32 = 0
      cncurses_size(&columns, &rows)
      return Size(width: Int(columns), height: Int(rows))
    }

    func present(_ grid: Grid) -> Bool {
      // A frame that would block is worth less than the next one.
      mustWait = !cncurses_is_writable(output)
      if mustWait { return false }
      if let shown, shown.width != grid.width || shown.height != grid.height {
        cncurses_resize(Int32(clamping: grid.width), Int32(clamping: grid.height))
        self.shown = nil
      }
      for y in 0..<grid.height {
        // ncurses blanks the other half of a wide character that is written over; whole rows keep it simple.
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

    /// How many columns ncurses gives a character in the locale that is set; -1 if it is not printable there.
    static func columns(of scalar: UInt32) -> Int { Int(cncurses_width(scalar)) }

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
      // Where there are greys, grey says it; dimmed grey would be hard to read.
      if cell.style.attributes.contains(.dim), colors < 16 { attributes |= CNCURSES_DIM.rawValue }
      let pair = pair(cell.style)
      // Where the C library is of another opinion about the width, ncurses would misplace the rest of the row.
      if cell.scalar >= 0x7F, NcursesTerminal.columns(of: cell.scalar) != columns {
        for offset in 0..<Int32(columns) { cncurses_put(column + offset, row, 0x3F, 0, 0, attributes, pair) }
        return
      }
      cncurses_put(column, row, cell.scalar, cell.mark1, cell.mark2, attributes, pair)
    }

    /// ncurses' pair of a style's two colours, made when it is first needed; 0 is the terminal's own.
    private func pair(_ style: Style) -> Int32 {
      guard colors >= 8 else { return 0 }
      let foreground = index(style.foreground)
      let background = index(style.background)
      if foreground < 0 && background < 0 { return 0 }
      let key = UInt16(style.foreground.rawValue) << 8 | UInt16(style.background.rawValue)
      if let pair = pairs[key] { return pair }
      let pair = Int32(pairs.count + 1)
      let isDefined = cncurses_define_pair(pair, foreground, background)
      pairs[key] = isDefined ? pair : 0
      return isDefined ? pair : 0
    }

    private func index(_ color: Color) -> Int32 {
      if colors >= 256 { return Int32(color.indexOf256 ?? -1) }
      guard let index = color.indexOf16 else { return -1 }
      // Of 8 colours the bright black is none: black on black. The text's own, dimmed, stands in.
      if colors < 16 { return index >= 8 ? -1 : Int32(index) }
      return Int32(index)
    }

    func invalidate() {
      shown = nil
      cncurses_invalidate()
    }

    // MARK: Events

    var wake: @Sendable () -> Void { { cncurses_wake() } }

    func suspend() {
      cncurses_stop_process()
      resume()
    }

    private func resume() {
      cncurses_resume()
      shown = nil
    }

    func nextEvent(timeout: Double) -> TerminalEvent {
      while true {
        if !pending.isEmpty { return pending.removeFirst() }
        let milliseconds = timeout.isFinite ? Int32(clamping: Format.whole(max(0, timeout * 1000).rounded(.up))) : -1
        let found = cncurses_wait(input, output, mustWait, milliseconds)
        if found.terminated != 0 { return .terminated(signal: found.terminated) }
        if found.stop_requested { pending.append(.suspend) }
        if found.continued {
          resume()
          pending.append(.continued)
        }
        if found.resized { pending.append(.resized) }
        if found.input {
          while case let key = cncurses_key(), key != CNCURSES_KEY_NONE.rawValue { pending.append(.key(KeyPress(key))) }
        }
        if found.output {
          mustWait = false
          pending.append(.writable)
        }
        if found.woken { pending.append(.woken) }
        if found.hangup { pending.append(.hangup) }
        if pending.isEmpty, !found.input { return .timeout }
      }
    }
  }

  extension KeyPress {
    fileprivate init(_ code: Int32) {
      switch code {
      case CNCURSES_KEY_UP.rawValue: self = .up
      case CNCURSES_KEY_DOWN.rawValue: self = .down
      case CNCURSES_KEY_LEFT.rawValue: self = .left
      case CNCURSES_KEY_RIGHT.rawValue: self = .right
      case CNCURSES_KEY_F1.rawValue: self = .help
      default:
        if let value = UInt32(exactly: code), let scalar = Unicode.Scalar(value) {
          self = .character(scalar)
        } else {
          self = .other
        }
      }
    }
  }
#endif
