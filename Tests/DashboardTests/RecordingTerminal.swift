import SystemIO

@testable import Dashboard

/// A terminal that records its frames and plays scripted events.
final class RecordingTerminal: Terminal {
  var size: Size
  var glyphs: Glyphs
  var theme = Theme.calm
  var color: ColorDepth?
  var mouseEnabled = true
  var title: String?
  var bytesSent: Int { frames.count * 100 }
  /// Remaining events; followed by a hang-up.
  var events: [TerminalEvent]
  /// Whether it accepts bytes.
  var isWritable = true
  private(set) var frames: [Grid] = []
  /// Timeout of each wait.
  private(set) var timeouts: [Double] = []
  private(set) var suspensions = 0
  private(set) var invalidations = 0
  private(set) var copies: [String] = []
  /// Called before each event.
  var beforeEvent: (Int) -> Void = { _ in }

  init(size: Size = Size(width: 80, height: 24), glyphs: Glyphs = Glyphs(.braille), events: [TerminalEvent] = []) {
    self.size = size
    self.glyphs = glyphs
    self.events = events.reversed()
  }

  var isReady: Bool { isWritable }

  func present(_ grid: Grid) -> Bool {
    if isWritable { frames.append(grid) }
    return isWritable
  }

  func invalidate() { invalidations += 1 }

  func copy(_ text: String) { copies.append(text) }

  func suspend(wholeGroup: Bool) { suspensions += 1 }

  /// Number of wake-ups.
  let wakes = Condition(0)

  var wake: @Sendable () -> Void { { [wakes] in wakes.update { $0 += 1 } } }

  func nextEvent(timeout: Double) -> TerminalEvent {
    beforeEvent(timeouts.count)
    timeouts.append(timeout)
    return events.popLast() ?? .hangup
  }
}
