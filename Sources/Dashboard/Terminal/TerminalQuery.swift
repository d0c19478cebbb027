/// Flow control by status queries (DSR 5), which the terminal answers after processing all earlier output.
///
/// The amount of data buffered in pipes, ssh and a modem on the way to the screen is not visible otherwise.
package struct TerminalQuery {
  package static let bytes = Array("\u{1B}[5n".utf8)

  /// Bytes that may be in flight without a query, over a fast and a slow line.
  ///
  /// Over a slow one every frame waits for the previous one, so that the next frame already shows the effect of a key.
  private static let window = 1_500
  private static let slowWindow = 100
  /// Seconds above which an answer is slow.
  private static let slowness = 0.25
  /// Seconds after which a terminal that has never answered is assumed not to support the query.
  private static let patience = 2.0
  /// Seconds after which drawing continues even if the terminal has answered before.
  private static let longest = 20.0

  private var sent = 0
  private var limit = TerminalQuery.window
  private var asked: Double?
  private var hasAnswered = false
  private var isMute = false

  package init() {}

  /// Whether an answer is awaited.
  package var isPending: Bool { asked != nil }

  /// Counts bytes; true if a query is to be sent after them.
  package mutating func count(_ bytes: Int, at now: Double) -> Bool {
    sent += bytes
    guard sent >= limit, !isMute else { return false }
    (asked, sent) = (now, 0)
    return true
  }

  /// Whether the last query has been answered, or its answer is overdue.
  package mutating func isSeen(at now: Double) -> Bool {
    guard let asked else { return true }
    if hasAnswered { return now - asked > Self.longest }
    guard now - asked > Self.patience else { return false }
    isMute = true
    self.asked = nil
    return true
  }

  /// Takes an answer; false if none was awaited.
  package mutating func answer(at now: Double) -> Bool {
    hasAnswered = true
    guard let asked else { return false }
    limit = now - asked > Self.slowness ? Self.slowWindow : Self.window
    self.asked = nil
    return true
  }

  /// Stops waiting for an answer.
  package mutating func cancel() { asked = nil }
}
