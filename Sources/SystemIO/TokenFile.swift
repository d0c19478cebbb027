internal import CSystemIO
internal import Synchronization

/// A token that a client sends, and the routes that it opens.
package struct AccessToken: Sendable, Equatable {
  package enum Role: String, Sendable, CaseIterable {
    /// All routes.
    case read
    /// Only `/metrics`, for a Prometheus server.
    case metrics
  }

  package let text: String
  package let role: Role

  package init(_ text: String, role: Role = .read) {
    self.text = text
    self.role = role
  }

  /// Creates a token from 256 bits of the system's random numbers, in URL-safe base64 (RFC 4648 §5).
  package static func random(role: Role = .read) -> AccessToken {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var generator = SystemRandomNumberGenerator()
    // 43 characters of 6 bits.
    let text = (0..<43).map { _ in alphabet[Int(generator.next() & 63)] }
    return AccessToken(String(decoding: text, as: UTF8.self), role: role)
  }

  /// The line of a token file.
  package var line: String { role == .read ? text : text + " " + role.rawValue }
}

/// The tokens of a file, read again while the program runs, so that tokens can be rotated.
///
/// If the file becomes unreadable or invalid, the last tokens stay valid.
package final class TokenFile: Sendable {
  private struct State {
    var tokens: [AccessToken]
    var checkedAt = Clock.monotonic
    var isFailing = false
  }

  /// Maximum number of tokens; each is compared with a client's.
  private static let maxTokens = 64

  /// Minimum seconds between two reads of the file.
  private let pace: Double
  private let path: String
  private let report: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - tokens: the file's current tokens.
  ///   - report: logs when the tokens change, and once when the file becomes unusable.
  package init(_ path: String, tokens: [AccessToken], pace: Double = 1, report: @escaping @Sendable (String) -> Void) {
    self.path = path
    self.pace = pace
    self.report = report
    state = Mutex(State(tokens: tokens))
    if Self.isShared(path) { report("\(path): other users may read or change the tokens; run chmod 600 \(path)") }
  }

  /// The current tokens, at most a second old.
  package var tokens: [AccessToken] {
    let (tokens, message): ([AccessToken], String?) = state.withLock { state in
      let now = Clock.monotonic
      guard now - state.checkedAt >= pace else { return (state.tokens, nil) }
      state.checkedAt = now
      guard let new = Self.tokens(in: path) else {
        defer { state.isFailing = true }
        return (state.tokens, state.isFailing ? nil : "\(path): no token can be read; the last one stays valid")
      }
      defer { state = State(tokens: new, checkedAt: now) }
      return (new, new == state.tokens ? nil : "\(path): the token has changed")
    }
    if let message { report(message) }
    return tokens
  }

  /// Reads the tokens of a file, one a line, each with an optional role; nil if a line is invalid, or without a token.
  ///
  /// Only characters that a header can carry (RFC 6750 §2.1), or the token would always be refused. Lines that begin
  /// with `#` are comments.
  package static func tokens(in path: String) -> [AccessToken]? {
    guard let bytes = try? Files.contents(ofNamed: path, atMost: 65_536) else { return nil }
    var tokens: [AccessToken] = []
    for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      let words = line.split(whereSeparator: \.isBlank)
      guard let first = words.first, first.first != UInt8(ascii: "#") else { continue }
      guard words.count <= 2, first.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
        let role = words.count == 1 ? .read : AccessToken.Role(rawValue: String(decoding: words[1], as: UTF8.self))
      else { return nil }
      tokens.append(AccessToken(String(decoding: first, as: UTF8.self), role: role))
    }
    return tokens.isEmpty || tokens.count > maxTokens ? nil : tokens
  }

  /// Whether the permissions of a file let its group or other users read or write it; false where the system has no such
  /// ones.
  package static func isShared(_ path: String) -> Bool {
    let mode = csystemio_mode_of(path)
    return mode >= 0 && mode & 0o066 != 0
  }
}
