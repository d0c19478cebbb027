internal import SystemIO

/// Decodes the input of a terminal into events, in order.
package struct InputQueue {
  /// Milliseconds to wait for the rest of a sequence; after that a lone ESC is the key.
  private static let escapeDelay: Int32 = 30
  /// Seconds of silence that end a paste without an end sequence; no keys are read before that.
  private static let pastePatience = 2.0

  private var decoder = InputDecoder()
  private var burstGuard = BurstGuard()
  private var lastInput = 0.0
  /// Decoded events, oldest first.
  package var events: [TerminalEvent] = []

  package init() {}

  /// Whether a sequence is incomplete.
  package var isPending: Bool { decoder.isPending }

  package mutating func feed(_ bytes: some Sequence<UInt8>) {
    decoder.feed(bytes)
    lastInput = Clock.monotonic
  }

  /// Decodes complete input, or with `isOver` also input that only a following byte could extend.
  ///
  /// - Parameter waited: seconds that the reader waited.
  /// - Returns: the number of answers to status queries among it.
  package mutating func decode(isOver: Bool, waited: Double) -> Int {
    var new: [TerminalEvent] = []
    var answers = 0
    func take(_ token: InputDecoder.Token) {
      switch token {
      case .event(let event): new.append(event)
      case .pasteBegins: break
      case .ready: answers += 1
      }
    }
    while let token = decoder.next(isOver: isOver) { take(token) }
    if decoder.isPasting, Clock.monotonic - lastInput >= Self.pastePatience, let token = decoder.endPaste() {
      take(token)
    }
    events += burstGuard.events(new, at: lastInput, waited: waited)
    return answers
  }

  /// Milliseconds to wait for the next event; -1 for any time.
  package func delay(_ timeout: Double) -> Int32 {
    var delay = timeout.isFinite ? max(0, timeout) : .infinity
    if decoder.isPasting { delay = min(delay, max(0, lastInput + Self.pastePatience - Clock.monotonic)) }
    let milliseconds = delay.isFinite ? Int32(min(1e9, (delay * 1000).rounded(.up))) : -1
    return decoder.isPending
      ? milliseconds < 0 ? Self.escapeDelay : min(Self.escapeDelay, milliseconds) : milliseconds
  }
}
