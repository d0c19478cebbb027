internal import Synchronization

/// The token in a file's first line, read again while the program runs, so that tokens can be rotated.
///
/// A file that can no longer be read, or holds no token, changes nothing: the last token stays in force.
package final class TokenFile: Sendable {
  private struct State {
    var token: String
    var checkedAt = Clock.monotonic
    var isFailing = false
  }

  /// Seconds between two looks at the file at least.
  private let pace: Double
  private let path: String
  private let report: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - token: the file's token now.
  ///   - report: logs when the token changes, and once when the file becomes unusable.
  package init(_ path: String, token: String, pace: Double = 1, report: @escaping @Sendable (String) -> Void) {
    self.path = path
    self.pace = pace
    self.report = report
    state = Mutex(State(token: token))
  }

  /// The token now, at most a second old.
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

  /// The token of a file; nil where its first line is none.
  ///
  /// Only what a header can carry (RFC 6750 §2.1), or the token would be refused for ever.
  package static func token(in path: String) -> String? {
    guard let line = Files.line(of: path), line.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    return line
  }
}
