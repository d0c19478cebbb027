internal import CTerminal
package import Dashboard
internal import SystemIO

/// A terminal of the VT family (xterm's sequences) without ncurses and terminfo: Windows' console, and others for tests.
///
/// A process has one: create it once, on the drawing thread, and ``close()`` it.
package final class VTTerminal: EncodedTerminal {
  // Alternate screen, cursor hidden, wrapping off, focus and bracketed paste on (xterm's ctlseqs).
  private static let begin = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[?1004h\u{1B}[?2004h\u{1B}[m\u{1B}[H\u{1B}[2J"
  // A frame may have been cut within a sequence: CAN ends it.
  private static let end = "\u{18}\u{1B}[?2004l\u{1B}[?1004l\u{1B}[?7h\u{1B}[m\u{1B}[?1049l\u{1B}[?25h"
  // Buttons, drags, decimal coordinates.
  private static let mouseBegin = "\u{1B}[?1000h\u{1B}[?1002h\u{1B}[?1006h"
  private static let mouseEnd = "\u{1B}[?1006l\u{1B}[?1002l\u{1B}[?1000l"

  private let kind: Glyphs.GraphGlyphs
  package var session: TerminalSession
  private var isOpen = true

  /// Takes over the terminal of stdin and stdout; nil without a terminal, or where it prints lines only (TERM=dumb).
  ///
  /// - Parameter environment: looks up a variable: TERM, COLORTERM, NO_COLOR, …
  package static func standard(environment: @escaping (String) -> String?) -> VTTerminal? {
    let type = environment("TERM") ?? ""
    if !type.isEmpty, TerminalTypes.onlyPrintsLines(type) { return nil }
    return cterminal_open() ? VTTerminal(type: type, environment: environment) : nil
  }

  private init(type: String, environment: @escaping (String) -> String?) {
    // Windows' console has no type; it has 24-bit colors since Windows 10.
    let isConsole = type.isEmpty
    let colors = type.hasPrefix("linux") || type.hasPrefix("vt") ? 8 : 256
    session = TerminalSession {
      TerminalTraits(
        type: isConsole ? "xterm-256color" : type, colors: colors,
        environment: { name in environment(name) ?? (isConsole && name == "COLORTERM" ? "truecolor" : nil) }, wanted: $0
      )
    }
    kind = !cterminal_is_utf8() ? .ascii : type.hasPrefix("linux") ? .console : .braille
    queue(Self.begin + Self.mouseBegin)
    send()
  }

  package func close() {
    guard isOpen else { return }
    leave()
    isOpen = false
    cterminal_close()
  }

  deinit { close() }

  /// Gives the screen back.
  private func leave() {
    awaitAnswer()
    title = nil
    session.unsent += titleBytes()
    queue(Self.mouseEnd + Self.end)
    for _ in 0..<20 where !session.unsent.isEmpty {
      send()
      if !session.unsent.isEmpty { _ = wait(forOutput: true, milliseconds: 50) }
    }
    session.unsent = []
  }

  // MARK: Drawing

  package var size: Size {
    var (columns, rows): (Int32, Int32) = (80, 24)
    _ = cterminal_size(&columns, &rows)
    return Size(width: Int(columns), height: Int(rows))
  }

  package var glyphs: Glyphs { Glyphs(kind, isMono: session.encoder.traits.depth == .mono) }

  package var mouseEnabled = true {
    didSet {
      guard mouseEnabled != oldValue else { return }
      queue(mouseEnabled ? Self.mouseBegin : Self.mouseEnd)
      send()
    }
  }

  private func queue(_ text: String) { session.unsent += Array(text.utf8) }

  package func write(_ bytes: [UInt8]) -> Int {
    Int(bytes.withUnsafeBytes { cterminal_write($0.baseAddress, Int64($0.count)) })
  }

  // MARK: Events

  package var wake: @Sendable () -> Void { { cterminal_wake() } }

  package func suspend(wholeGroup: Bool) {
    let wanted = title
    leave()
    title = wanted
    cterminal_stop_process(wholeGroup)
    resume()
  }

  package func resume() {
    session.restart()
    queue(Self.begin + (mouseEnabled ? Self.mouseBegin : ""))
    send()
  }

  package func wait(forOutput: Bool, milliseconds: Int32) -> TerminalWait {
    var bytes = [CChar](repeating: 0, count: 4_096)
    let found = cterminal_wait(&bytes, Int32(bytes.count), forOutput, milliseconds)
    if found.input_count > 0 { session.input.feed(bytes.prefix(Int(found.input_count)).map(UInt8.init(bitPattern:))) }
    return TerminalWait(
      terminated: found.terminated, isStopRequested: found.stop_requested, isContinued: found.continued,
      isResized: found.resized, isWoken: found.woken, hasInput: found.input_count > 0, isWritable: found.output,
      isHangup: found.hangup)
  }
}
