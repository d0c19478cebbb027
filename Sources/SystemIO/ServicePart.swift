/// A part of the program that starts and stops: a thread, a task, a server.
package protocol ServicePart: Sendable {
  /// Starts the part; called once.
  ///
  /// - Throws: UserError if the program cannot run without it.
  func start() throws

  /// Ends the part and waits for its end; called once, after the parts that were started later have ended.
  func stop(atMost seconds: Double)
}

extension ServicePart {
  package func start() {}
}

/// The running parts of the program; they end in reverse order within one budget.
package struct RunningParts {
  private let now: () -> Double
  private var parts: [(part: any ServicePart, share: Double)] = []

  /// - Parameter now: a monotonic clock.
  package init(now: @escaping () -> Double = { Clock.monotonic }) {
    self.now = now
  }

  /// Starts a part.
  ///
  /// - Parameter share: seconds of the budget that are reserved for its end.
  /// - Throws: the part's error; it is not stopped later.
  package mutating func start(_ part: any ServicePart, share: Double) throws {
    try part.start()
    parts.append((part, share))
  }

  /// Ends all parts, the last one first, each within its share at least; the budget is the sum of the shares.
  ///
  /// Time that a part leaves unused goes to those that end after it.
  package mutating func stop() {
    var reserved = parts.reduce(0) { $0 + $1.share }
    let end = now() + reserved
    while let (part, share) = parts.popLast() {
      reserved -= share
      part.stop(atMost: max(share, end - now() - reserved))
    }
  }
}
