internal import SystemIO

/// The state of a terminal that takes encoded frames: the shown frame, unsent bytes, an awaited answer, and its input.
package struct TerminalSession {
  /// Returns the abilities for the user's choice of colors.
  private let traits: (ColorDepth?) -> TerminalTraits
  package var encoder: FrameEncoder
  /// The frame on the screen; nil where unknown.
  package var shown: Grid?
  package var unsent: [UInt8] = []
  package var bytesSent = 0
  package var query = TerminalQuery()
  package var window = WindowTitle()
  package var input = InputQueue()
  /// Whether ``TerminalEvent/writable`` is to follow.
  package var mustWait = false

  /// - Parameter traits: returns the abilities for the user's choice of colors; nil for the detected ones.
  package init(traits: @escaping (ColorDepth?) -> TerminalTraits) {
    self.traits = traits
    encoder = FrameEncoder(traits: traits(nil), theme: .calm)
  }

  package var color: ColorDepth? {
    didSet {
      encoder.traits = traits(color)
      shown = nil
    }
  }

  package var theme: Theme {
    get { encoder.theme }
    set {
      guard newValue != encoder.theme else { return }
      encoder.theme = newValue
      shown = nil
    }
  }

  /// Forgets the screen, unsent bytes and the awaited answer: another program has had the terminal.
  package mutating func restart() {
    (shown, unsent) = (nil, [])
    query.cancel()
  }

  /// Decodes complete input; answers to the query make the terminal writable.
  fileprivate mutating func decode(isOver: Bool, waited: Double) {
    for _ in 0..<input.decode(isOver: isOver, waited: waited) where query.answer(at: Clock.monotonic) { announce() }
  }

  fileprivate mutating func announce() {
    guard mustWait else { return }
    mustWait = false
    input.events.append(.writable)
  }
}

/// Result of one wait for a terminal.
package struct TerminalWait {
  /// The terminating signal received, or 0.
  package var terminated: Int32
  package var isStopRequested: Bool
  package var isContinued: Bool
  package var isResized: Bool
  package var isWoken: Bool
  package var hasInput: Bool
  /// The line takes bytes; only if requested.
  package var isWritable: Bool
  /// The terminal is gone.
  package var isHangup: Bool

  package init(
    terminated: Int32, isStopRequested: Bool, isContinued: Bool, isResized: Bool, isWoken: Bool, hasInput: Bool,
    isWritable: Bool, isHangup: Bool
  ) {
    self.terminated = terminated
    self.isStopRequested = isStopRequested
    self.isContinued = isContinued
    self.isResized = isResized
    self.isWoken = isWoken
    self.hasInput = hasInput
    self.isWritable = isWritable
    self.isHangup = isHangup
  }
}

/// A terminal that takes encoded frames; a system's class adds the calls.
package protocol EncodedTerminal: Terminal {
  var session: TerminalSession { get set }
  /// Whether the window's title and the clipboard can be set.
  var hasTitle: Bool { get }
  /// Whether the line takes bytes now.
  var isWritable: Bool { get }
  /// Writes bytes without blocking.
  ///
  /// - Returns: their number; 0 while the line is full, negative where it is gone.
  func write(_ bytes: [UInt8]) -> Int
  /// Waits once for input, a signal or ``Terminal/wake``, and feeds the input to the session.
  ///
  /// - Parameter milliseconds: maximum; negative for any time.
  func wait(forOutput: Bool, milliseconds: Int32) -> TerminalWait
  /// Takes the screen again after another program had it.
  func resume()
}

extension EncodedTerminal {
  package var bytesSent: Int { session.bytesSent }

  package var theme: Theme {
    get { session.theme }
    set { session.theme = newValue }
  }

  package var color: ColorDepth? {
    get { session.color }
    set { session.color = newValue }
  }

  package var title: String? {
    get { session.window.title }
    set { session.window.title = newValue }
  }

  package var hasTitle: Bool { session.encoder.traits.hasTitle }

  package var isWritable: Bool { true }

  package func invalidate() { session.shown = nil }

  package func copy(_ text: String) {
    if hasTitle { session.unsent += Clipboard.bytes(text) }
  }

  /// Returns the bytes that set the wanted window title.
  package func titleBytes() -> [UInt8] { hasTitle ? session.window.update() : [] }

  // MARK: Drawing

  package var isReady: Bool {
    send()
    session.mustWait = !session.unsent.isEmpty || !isWritable || !session.query.isSeen(at: Clock.monotonic)
    return !session.mustWait
  }

  package func present(_ grid: Grid) -> Bool { presentEncoded(grid) }

  /// Sends the difference between the shown frame and this one.
  package func presentEncoded(_ grid: Grid) -> Bool {
    // A frame that would block is dropped in favor of the next one.
    guard isReady else { return false }
    session.unsent = titleBytes() + session.encoder.encode(from: session.shown, to: grid)
    session.shown = grid
    guard !session.unsent.isEmpty else { return true }
    if session.query.count(session.unsent.count, at: Clock.monotonic) { session.unsent += TerminalQuery.bytes }
    send()
    return true
  }

  /// Writes as many bytes as the terminal accepts now.
  package func send() {
    while !session.unsent.isEmpty {
      let written = write(session.unsent)
      // An error appears as a hang-up at the next wait.
      if written < 0 { session.unsent = [] }
      guard written > 0 else { return }
      session.bytesSent += written
      session.unsent.removeFirst(min(written, session.unsent.count))
    }
  }

  // MARK: Events

  /// Waits for the answer to the last query, which would appear as input of the shell if it came later.
  package func awaitAnswer() {
    let end = Clock.monotonic + 0.3
    while session.query.isPending, Clock.monotonic < end {
      let found = wait(forOutput: false, milliseconds: 50)
      if found.isHangup { return }
      session.decode(isOver: false, waited: 0)
    }
  }

  package func nextEvent(timeout: Double) -> TerminalEvent {
    while true {
      if !session.input.events.isEmpty { return session.input.events.removeFirst() }
      let wantsOutput = (session.mustWait && !session.query.isPending) || !session.unsent.isEmpty
      let start = Clock.monotonic
      let wasPending = session.input.isPending
      let found = wait(forOutput: wantsOutput, milliseconds: session.input.delay(timeout))
      if found.terminated != 0 { return .terminated(signal: found.terminated) }
      if found.isStopRequested { session.input.events.append(.suspend) }
      if found.isContinued {
        resume()
        session.input.events.append(.continued)
      }
      if found.isResized { session.input.events.append(.resized) }
      session.decode(isOver: wasPending && !found.hasInput, waited: Clock.monotonic - start)
      if found.isWritable {
        send()
        if session.unsent.isEmpty { session.announce() }
      }
      if found.isWoken { session.input.events.append(.woken) }
      if found.isHangup { session.input.events.append(.hangup) }
      if session.input.events.isEmpty, !found.hasInput, !found.isWritable, !wasPending { return .timeout }
      if session.input.events.isEmpty, timeout <= 0 { return .timeout }
    }
  }
}
