internal import CTerminal
package import Dashboard
internal import SystemIO

/// A terminal of the VT family (xterm's sequences) without ncurses and terminfo: Windows' console, and others for tests.
///
/// A process has one: create it once, on the drawing thread, and ``close()`` it.
package final class VTTerminal: Terminal {
  // Alternate screen, cursor hidden, wrapping off, focus and bracketed paste on (xterm's ctlseqs).
  private static let begin = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[?1004h\u{1B}[?2004h\u{1B}[m\u{1B}[H\u{1B}[2J"
  // A frame may have been cut within a sequence: CAN ends it.
  private static let end = "\u{18}\u{1B}[?2004l\u{1B}[?1004l\u{1B}[?7h\u{1B}[m\u{1B}[?1049l\u{1B}[?25h"
  // Buttons, drags, decimal coordinates.
  private static let mouseBegin = "\u{1B}[?1000h\u{1B}[?1002h\u{1B}[?1006h"
  private static let mouseEnd = "\u{1B}[?1006l\u{1B}[?1002l\u{1B}[?1000l"

  private let traits: (ColorDepth?) -> TerminalTraits
  private let kind: Glyphs.GraphGlyphs
  private var encoder: FrameEncoder
  private var shown: Grid?
  private var unsent: [UInt8] = []
  package private(set) var bytesSent = 0
  private var query = TerminalQuery()
  private var window = WindowTitle()
  private var input = InputQueue()
  private var mustWait = false
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
    traits = {
      TerminalTraits(
        type: isConsole ? "xterm-256color" : type, colors: colors,
        environment: { name in environment(name) ?? (isConsole && name == "COLORTERM" ? "truecolor" : nil) }, wanted: $0
      )
    }
    kind = !cterminal_is_utf8() ? .ascii : type.hasPrefix("linux") ? .console : .braille
    encoder = FrameEncoder(traits: traits(nil), theme: .calm)
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
    // A late answer would appear as input of the shell.
    let end = Clock.monotonic + 0.3
    while query.isPending, Clock.monotonic < end {
      let found = wait(forOutput: false, milliseconds: 50)
      if found.hangup { break }
      countAnswers(input.decode(isOver: false, waited: 0))
    }
    title = nil
    unsent += titleBytes()
    queue(Self.mouseEnd + Self.end)
    for _ in 0..<20 where !unsent.isEmpty {
      send()
      if !unsent.isEmpty { _ = wait(forOutput: true, milliseconds: 50) }
    }
    unsent = []
  }

  // MARK: Drawing

  package var size: Size {
    var (columns, rows): (Int32, Int32) = (80, 24)
    _ = cterminal_size(&columns, &rows)
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
    didSet {
      guard mouseEnabled != oldValue else { return }
      queue(mouseEnabled ? Self.mouseBegin : Self.mouseEnd)
      send()
    }
  }

  package var title: String? {
    get { window.title }
    set { window.title = newValue }
  }

  private func titleBytes() -> [UInt8] { encoder.traits.hasTitle ? window.update() : [] }

  package func copy(_ text: String) {
    guard encoder.traits.hasTitle else { return }
    unsent += Clipboard.bytes(text)
  }

  package func invalidate() { shown = nil }

  package var isReady: Bool {
    send()
    mustWait = !unsent.isEmpty || !query.isSeen(at: Clock.monotonic)
    return !mustWait
  }

  package func present(_ grid: Grid) -> Bool {
    // A frame that would block is dropped in favor of the next one.
    guard isReady else { return false }
    unsent = titleBytes() + encoder.encode(from: shown, to: grid)
    shown = grid
    guard !unsent.isEmpty else { return true }
    if query.count(unsent.count, at: Clock.monotonic) { unsent += TerminalQuery.bytes }
    send()
    return true
  }

  private func queue(_ text: String) { unsent += Array(text.utf8) }

  /// Writes as many bytes as the terminal accepts now.
  private func send() {
    while !unsent.isEmpty {
      let written = Int(unsent.withUnsafeBytes { cterminal_write($0.baseAddress, Int64($0.count)) })
      // An error appears as a hang-up at the next wait.
      if written < 0 { unsent = [] }
      guard written > 0 else { return }
      bytesSent += written
      unsent.removeFirst(min(written, unsent.count))
    }
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

  private func resume() {
    (shown, unsent) = (nil, [])
    query.cancel()
    queue(Self.begin + (mouseEnabled ? Self.mouseBegin : ""))
    send()
  }

  /// Waits once, and feeds the input to the decoder.
  private func wait(forOutput: Bool, milliseconds: Int32) -> cterminal_events {
    var bytes = [CChar](repeating: 0, count: 4_096)
    let found = cterminal_wait(&bytes, Int32(bytes.count), forOutput, milliseconds)
    if found.input_count > 0 { input.feed(bytes.prefix(Int(found.input_count)).map(UInt8.init(bitPattern:))) }
    return found
  }

  private func countAnswers(_ count: Int) {
    for _ in 0..<count where query.answer(at: Clock.monotonic) && mustWait {
      mustWait = false
      input.events.append(.writable)
    }
  }

  package func nextEvent(timeout: Double) -> TerminalEvent {
    while true {
      if !input.events.isEmpty { return input.events.removeFirst() }
      let wantsOutput = (mustWait && !query.isPending) || !unsent.isEmpty
      let start = Clock.monotonic
      let wasPending = input.isPending
      let found = wait(forOutput: wantsOutput, milliseconds: input.delay(timeout))
      if found.terminated != 0 { return .terminated(signal: found.terminated) }
      if found.stop_requested { input.events.append(.suspend) }
      if found.continued {
        resume()
        input.events.append(.continued)
      }
      if found.resized { input.events.append(.resized) }
      let hasInput = found.input_count > 0
      countAnswers(input.decode(isOver: wasPending && !hasInput, waited: Clock.monotonic - start))
      if found.output {
        send()
        if mustWait, unsent.isEmpty {
          mustWait = false
          input.events.append(.writable)
        }
      }
      if found.woken { input.events.append(.woken) }
      if found.hangup { input.events.append(.hangup) }
      if input.events.isEmpty, !hasInput, !found.output, !wasPending { return .timeout }
      if input.events.isEmpty, timeout <= 0 { return .timeout }
    }
  }
}
