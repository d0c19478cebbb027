#if os(Linux)
  import AgentMetrics
  import Glibc
  import SampleStore
  import TestSupport
  import Testing

  @testable import Dashboard
  @testable import NcursesTerminal

  /// The real terminal, on a pseudo-terminal.
  ///
  /// Serialized: a process has one screen.
  @Suite(.serialized, .ownThreads) struct NcursesTerminalTests {
    init() {
      // ncurses writes in the locale's encoding; this locale always exists.
      setlocale(LC_CTYPE, "C.UTF-8")
    }

    private func open(_ line: PseudoTerminal, type: String = "xterm-256color", noColor: Bool = false) throws
      -> NcursesTerminal
    {
      try NcursesTerminal(
        type: type, input: line.slave, output: line.slave, isUTF8: true,
        environment: { $0 == "NO_COLOR" && noColor ? "1" : nil })
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Frames of one machine, tick after tick.
    private func frames(_ machine: MadeUpMachine, _ size: Size, ticks: Int) -> [Grid] {
      var machine = machine
      let all = machine.history(ticks: 400 + ticks).all
      return (0..<ticks).map { tick in
        let entries = Array(all[..<(all.count - ticks + tick + 1)])
        let history = History(capacity: 500, interval: 1)
        for entry in entries { history.append(entry.sample) }
        return Screen(ScreenGoldens.screenInput(history, size: size)).draw().grid
      }
    }

    @Test func theTerminalIsGivenBackAsItWas() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      let before = try line.modes
      let terminal = try open(line)
      #expect(terminal.size == Size(width: 80, height: 24))
      #expect(try line.modes.c_lflag & UInt32(ECHO | ICANON) == 0)
      #expect(show(frames(.smallVM, terminal.size, ticks: 1)[0], terminal))
      let drawn = text(try line.takeOutput())
      #expect(drawn.contains("\u{1B}[?1049h") && drawn.contains("\u{1B}[?25l"))
      #expect(drawn.contains("\u{1B}[?1006h") && drawn.contains("\u{1B}[?1004h") && drawn.contains("\u{1B}[?2004h"))
      terminal.close()
      let end = text(try line.takeOutput())
      #expect(end.contains("\u{1B}[?1049l") && end.contains("\u{1B}[?25h"))
      #expect(end.contains("\u{1B}[?2004l"))
      #expect(end.contains("\u{1B}[?1000l") && end.contains("\u{1B}[?1004l") && end.contains("\u{1B}[?7h"))
      let after = try line.modes
      #expect(
        before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag && before.c_oflag == after.c_oflag
          && before.c_cflag == after.c_cflag)
      terminal.close()
      #expect(try line.takeOutput().isEmpty)
    }

    @Test func theTitleIsLentAndGivenBack() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      let terminal = try open(line)
      let picture = frames(.smallVM, terminal.size, ticks: 1)[0]
      #expect(show(picture, terminal))
      #expect(try !text(line.takeOutput()).contains("\u{1B}]2;"))
      terminal.title = "agent: a\u{7}b\u{9C}c"
      show(picture, terminal)
      // The title is saved, then set, without characters that would end it.
      #expect(try text(line.takeOutput()) == "\u{1B}[22;2t\u{1B}]2;agent: a?b?c\u{1B}\\")
      show(picture, terminal)
      #expect(try line.takeOutput().isEmpty)
      terminal.title = "other"
      show(picture, terminal)
      #expect(try text(line.takeOutput()) == "\u{1B}]2;other\u{1B}\\")
      terminal.title = nil
      show(picture, terminal)
      #expect(try text(line.takeOutput()) == "\u{1B}[23;2t")
      terminal.title = "again"
      show(picture, terminal)
      _ = try line.takeOutput()
      terminal.close()
      #expect(try text(line.takeOutput()).hasPrefix("\u{1B}[23;2t"))
    }

    @Test(arguments: ["vt220", "screen-256color"]) func aTerminalWithoutATitleIsSentNone(_ type: String) throws {
      let line = try PseudoTerminal(columns: 80, rows: 24, answers: false)
      let terminal = try open(line, type: type)
      terminal.title = "agent"
      show(frames(.smallVM, terminal.size, ticks: 1)[0], terminal)
      terminal.close()
      #expect(try !text(line.takeOutput()).contains("]2;"))
    }

    /// Only changes are sent over the line.
    @Test func onlyTheDifferenceIsSent() throws {
      let size = Size(width: 120, height: 40)
      let line = try PseudoTerminal(columns: 120, rows: 40)
      let terminal = try open(line)
      defer { terminal.close() }
      var machine = MadeUpMachine.smallVM
      machine.load = 0.02
      let idle = try counts(machine, terminal, line)
      let busy = try counts(.gpuServer, terminal, line)
      // Every second tick moves the graphs; the others change values and the newest column.
      #expect(idle.max() ?? 0 <= 2500 && idle.min() ?? 0 <= 1200, "\(idle)")
      #expect(busy.max() ?? 0 <= 5000, "\(busy)")
      let frames = frames(machine, size, ticks: 1)
      show(frames[0], terminal)
      _ = try line.takeOutput()
      show(frames[0], terminal)
      #expect(try line.takeOutput().isEmpty)
      var other = frames[0]
      other.put("7", x: 100, y: 20)
      other.put("9", x: 117, y: 0)
      show(other, terminal)
      #expect(try line.takeOutput().count <= 60)
      terminal.invalidate()
      show(frames[0], terminal)
      #expect(try line.takeOutput().count > 5000)
    }

    /// Shows a frame completely, once the terminal has processed the previous one.
    @discardableResult
    private func show(_ grid: Grid, _ terminal: NcursesTerminal) -> Bool {
      for _ in 0..<2_000 {
        if terminal.present(grid) {
          for _ in 0..<2_000 where terminal.isSending { _ = terminal.nextEvent(timeout: 0.05) }
          return !terminal.isSending
        }
        _ = terminal.nextEvent(timeout: 0.05)
      }
      return false
    }

    /// On a line with much buffered data, no frame is sent before the terminal has processed the previous one.
    @Test func picturesWaitForTheTerminalsAnswerAndAreNotQueued() throws {
      let line = try PseudoTerminal(columns: 120, rows: 40, answers: false)
      let terminal = try open(line)
      defer { terminal.close() }
      let frames = frames(.gpuServer, terminal.size, ticks: 4)
      #expect(show(frames[0], terminal))
      #expect(text(try line.takeOutput()).hasSuffix("\u{1B}[5n"))
      #expect(!terminal.present(frames[1]))
      #expect(!terminal.present(frames[2]))
      // Keys are read meanwhile.
      line.type("x")
      #expect(terminal.nextEvent(timeout: 60) == .key(.character("x")))
      #expect(try line.takeOutput().isEmpty)
      line.type("\u{1B}[0n")
      #expect(terminal.nextEvent(timeout: 60) == .writable)
      #expect(show(frames[3], terminal))
      let output = text(try line.takeOutput())
      #expect(!output.isEmpty && output.utf8.count < 6000)
    }

    /// Small changes send no query.
    @Test func smallPicturesAskNothing() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24, answers: false)
      let terminal = try open(line)
      defer { terminal.close() }
      var grid = Grid(Size(width: 80, height: 24))
      for step in 0..<9 {
        grid.put(String(step), x: 10, y: 3)
        #expect(terminal.present(grid))
      }
      #expect(!text(try line.takeOutput()).contains("\u{1B}[5n"))
    }

    /// The bytes of eight frames, tick after tick.
    private func counts(_ machine: MadeUpMachine, _ terminal: NcursesTerminal, _ line: PseudoTerminal) throws -> [Int] {
      var counts: [Int] = []
      for frame in frames(machine, terminal.size, ticks: 9) {
        let before = terminal.bytesSent
        show(frame, terminal)
        #expect(terminal.bytesSent > before)
        counts.append(try line.takeOutput().count)
      }
      return Array(counts.dropFirst())
    }

    @Test func hostileNamesAreNotObeyed() throws {
      let line = try PseudoTerminal(columns: 200, rows: 60)
      let terminal = try open(line)
      defer { terminal.close() }
      var machine = MadeUpMachine.smallVM
      machine.name = "\u{1B}]0;owned\u{7}\u{9B}2Jhost\u{202E}"
      let frame = try #require(
        frames(machine, terminal.size, ticks: 20).first { $0.rows.contains { $0.contains("?[31mred?") } })
      #expect(show(frame, terminal))
      let output = text(try line.takeOutput())
      #expect(output.contains("?[31mred?") && output.contains("?]0;owned??2Jhost"))
      #expect(!output.contains("\u{1B}[31mred") && !output.contains("\u{7}") && !output.contains("\u{9B}"))
      #expect(!output.contains("\u{202E}"))
    }

    /// Anybody who may set a window's size would choose how much memory is taken.
    @Test(arguments: [(3_000, 24, 2_000, 24), (80, 3_000, 80, 1_000), (1_999, 999, 1_999, 999)])
    func hugeWindowsAreDrawnInPart(columns: UInt16, rows: UInt16, width: Int, height: Int) throws {
      let line = try PseudoTerminal(columns: columns, rows: rows)
      let terminal = try open(line)
      defer { terminal.close() }
      #expect(terminal.size == Size(width: width, height: height))
    }

    @Test func noColourMeansNoColour() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      let terminal = try open(line, noColor: true)
      defer { terminal.close() }
      #expect(terminal.glyphs.isMono)
      #expect(show(frames(.smallVM, terminal.size, ticks: 1)[0], terminal))
      let output = text(try line.takeOutput())
      #expect(!output.contains("38;5") && !(0...7).contains { output.contains("\u{1B}[3\($0)m") })
    }

    @Test func keysAreHeard() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      let terminal = try open(line)
      defer { terminal.close() }
      let typed: [(String, KeyPress)] = [
        ("q", .character("q")), ("\u{1B}OC", .right), ("\u{1B}[D", .left), ("\u{1B}OP", .function(1)),
        ("é", .character("é")), ("\u{C}", .character("\u{C}")), ("\u{1B}OA", .up), ("\u{1B}[5~", .pageUp),
        ("\u{1B}", .escape), ("\r", .enter),
      ]
      for (text, key) in typed {
        line.type(text)
        // A key typed within a few milliseconds of others arrives as a burst.
        let event = terminal.nextEvent(timeout: 60)
        #expect(event == .key(key) || event == .burst(key))
      }
      #expect(terminal.nextEvent(timeout: 0) == .timeout)
      terminal.wake()
      #expect(terminal.nextEvent(timeout: 60) == .woken)
    }

    @Test func aTerminalThatIsGoneIsAHangUp() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24, isRead: false)
      let terminal = try open(line)
      line.hangUp()
      #expect(terminal.nextEvent(timeout: 60) == .hangup)
      terminal.close()
    }

    @Test func aTerminalThatStandsStillCostsAFrameAndNoWait() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24, isRead: false)
      let terminal = try open(line)
      // As by Ctrl-S.
      #expect(tcflow(line.slave, TCOOFF) == 0)
      #expect(!terminal.present(Grid(Size(width: 80, height: 24))))
      #expect(tcflow(line.slave, TCOON) == 0)
      #expect(terminal.nextEvent(timeout: 60) == .writable)
      #expect(terminal.present(Grid(Size(width: 80, height: 24))))
      terminal.close()
      line.hangUp()
    }

    @Test func afterCtrlSItEndsAllTheSame() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      let terminal = try open(line)
      _ = try line.takeOutput()
      line.type("\u{13}x")
      // Once the key behind Ctrl-S is read, the line is stopped.
      #expect(terminal.nextEvent(timeout: 60) == .key(.character("x")))
      #expect(!terminal.present(Grid(Size(width: 80, height: 24))))
      terminal.close()
      #expect(text(try line.takeOutput()).contains("\u{1B}[?1049l"))
    }

    /// Types whose own entry is missing on this machine.
    @Test(arguments: [
      "xterm-of-another-machine", "st-nowhere", "putty-nowhere", "iterm2-nowhere", "contour-nowhere", "mintty-nowhere",
      "screen.nowhere", "linux-nowhere", "vt320-nowhere", "bad\nname\u{1B}[2J", "../../etc/passwd",
      String(repeating: "x", count: 5_000),
    ]) func unknownTypesAreDrawnAsXterm(_ type: String) throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      #expect(!NcursesTerminal.onlyPrintsLines(type: type, output: line.slave))
      let terminal = try open(line, type: type)
      #expect(show(frames(.smallVM, terminal.size, ticks: 1)[0], terminal))
      #expect(try text(line.takeOutput()).contains("PROCESSES"))
      terminal.close()
    }

    @Test(arguments: ["", "dumb", "unknown", "dumb-nowhere", "vt52-nowhere", "wy60-nowhere"])
    func typesThatCannotPlaceTheCursorPrintLines(_ type: String) throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      #expect(NcursesTerminal.onlyPrintsLines(type: type, output: line.slave))
      #expect(!NcursesTerminal.onlyPrintsLines(type: "xterm-256color", output: line.slave))
    }

    /// Characters that would end or stop the process group are read as keys, so that a paste may contain them.
    @Test func pastesAreReadWhole() throws {
      let line = try PseudoTerminal(columns: 80, rows: 24)
      let terminal = try open(line)
      defer { terminal.close() }
      let text = "k\r\u{3}\u{1A}\u{1C}\u{16}y"
      line.type("\u{1B}[200~" + text + "\u{1B}[201~")
      #expect(terminal.nextEvent(timeout: 60) == .paste(Paste(text: text, isBracketed: true)))
      line.type("k\ryes")
      #expect(terminal.nextEvent(timeout: 60) == .paste(Paste(text: "k\nyes", isBracketed: false)))
    }
  }
#endif
