internal import Synchronization

/// The token in a file's first line, read again while the program runs, so that tokens can be rotated.
///
/// If the file becomes unreadable or has no token, the last token stays valid.
package final class TokenFile: Sendable {
  private struct State {
    var token: String
    var checkedAt = Clock.monotonic
    var isFailing = false
  }

  /// Minimum seconds between two reads of the file.
  private let pace: Double
  private let path: String
  private let report: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - token: the file's current token.
  ///   - report: logs when the token changes, and once when the file becomes unusable.
  package init(_ path: String, token: String, pace: Double = 1, report: @escaping @Sendable (String) -> Void) {
    self.path = path
    self.pace = pace
    self.report = report
    state = Mutex(State(token: token))
  }

  /// The current token, at most a second old.
  package var token: String {
    let (token, message): (String, String?) = state.withLock { state in
      let now = Clock.monotonic
      guard now - state.checkedAt >= pace else { return (state.token, nil) }
      state.checkedAt = now
      guard let new = Self.token(in: path) else {
        defer { state.isFailing = true }
        return (state.token, state.isFailing ? nil : "\(path): no token can be read; the last one stays valid")
      }
      defer { state = State(token: new, checkedAt: now) }
      return (new, new == state.token ? nil : "\(path): the token has changed")
    }
    if let message { report(message) }
    return token
  }

  /// Reads the token of a file; nil if its first line is not a valid token.
  ///
  /// Only characters that a header can carry (RFC 6750 §2.1), or the token would always be refused.
  package static func token(in path: String) -> String? {
    guard let line = Files.line(of: path), line.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    return line
  }
}
