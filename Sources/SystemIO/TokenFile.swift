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
  /// Reason why a file has no usable tokens.
  package enum TokenFileError: Error, Equatable, CustomStringConvertible {
    case unreadable(SystemError)
    case noToken
    case tooMany
    /// The number of a line that has not one token, without spaces, and an optional role.
    case malformed(line: Int)
    /// A role without a token before it: the role would be the token, which anyone could guess.
    case role(AccessToken.Role)

    package var description: String {
      switch self {
      case .unreadable(let error): "cannot be read (\(SystemError.text(of: error.code)))"
      case .noToken: "has no token"
      case .tooMany: "has more than \(TokenFile.maxTokens) tokens"
      case .malformed(let line): "line \(line) is not a token, without spaces, with an optional role"
      case .role(let role): "has no token before the role \"\(role.rawValue)\""
      }
    }
  }

  private struct State {
    var tokens: [AccessToken]
    var checkedAt = Clock.monotonic
    var isFailing = false
    /// Whether the log has that other users may read or change the file.
    var isShared = false
  }

  /// Maximum number of tokens; each is compared with a client's.
  private static let maxTokens = 64

  /// Minimum seconds between two reads of the file.
  private let pace: Double
  private let path: String
  private let warning: @Sendable ([AccessToken]) -> String?
  private let report: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - tokens: the file's current tokens.
  ///   - warning: returns a line about weak tokens; nil for good ones.
  ///   - report: logs warnings, when the tokens change, and once when the file becomes unusable.
  package init(
    _ path: String, tokens: [AccessToken], pace: Double = 1,
    warning: @escaping @Sendable ([AccessToken]) -> String? = { _ in nil },
    report: @escaping @Sendable (String) -> Void
  ) {
    self.path = path
    self.pace = pace
    self.warning = warning
    self.report = report
    state = Mutex(State(tokens: tokens))
    for message in state.withLock({ warnings(&$0) }) { report(message) }
  }

  /// Warnings about new tokens, and about permissions when they become too wide.
  private func warnings(_ state: inout State) -> [String] {
    [warning(state.tokens), exposure(&state)].compactMap(\.self)
  }

  /// A warning about permissions when they become too wide.
  private func exposure(_ state: inout State) -> String? {
    let wasShared = state.isShared
    state.isShared = Self.isShared(path)
    return state.isShared && !wasShared
      ? "\(path): other users may read or change the tokens; run chmod 600 \(path)" : nil
  }

  /// The current tokens, at most a second old.
  package var tokens: [AccessToken] {
    let (tokens, messages): ([AccessToken], [String]) = state.withLock { state in
      let now = Clock.monotonic
      guard now - state.checkedAt >= pace else { return (state.tokens, []) }
      state.checkedAt = now
      do throws(TokenFileError) {
        let new = try Self.read(path)
        defer { state.isFailing = false }
        guard new != state.tokens else {
          let again = state.isFailing ? "\(path): the tokens can be read again" : nil
          return (new, [again, exposure(&state)].compactMap(\.self))
        }
        state.tokens = new
        return (new, ["\(path): the tokens have changed"] + warnings(&state))
      } catch {
        defer { state.isFailing = true }
        return (state.tokens, state.isFailing ? [] : ["\(path): \(error); the last tokens stay valid"])
      }
    }
    for message in messages { report(message) }
    return tokens
  }

  /// The tokens of a file; nil if it has no usable ones.
  package static func tokens(in path: String) -> [AccessToken]? { try? read(path) }

  /// Reads the tokens of a file, one a line, each with an optional role.
  ///
  /// Only characters that a header can carry (RFC 6750 §2.1), or the token would always be refused. Lines that begin
  /// with `#` are comments.
  package static func read(_ path: String) throws(TokenFileError) -> [AccessToken] {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Files.contents(ofNamed: path, atMost: 65_536)
    } catch {
      throw .unreadable(error)
    }
    var tokens: [AccessToken] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      for part in line.split(separator: 0x0D) {
        guard let token = try token(part, line: index + 1) else { continue }
        tokens.append(token)
      }
    }
    if tokens.isEmpty { throw .noToken }
    if tokens.count > maxTokens { throw .tooMany }
    return tokens
  }

  /// The token of a line; nil for an empty one and a comment.
  private static func token(_ bytes: ArraySlice<UInt8>, line: Int) throws(TokenFileError) -> AccessToken? {
    let words = bytes.split(whereSeparator: \.isBlank)
    guard let first = words.first, first.first != UInt8(ascii: "#") else { return nil }
    guard words.count <= 2, first.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      let role = words.count == 1 ? .read : AccessToken.Role(rawValue: String(decoding: words[1], as: UTF8.self))
    else { throw .malformed(line: line) }
    let text = String(decoding: first, as: UTF8.self)
    if let role = AccessToken.Role(rawValue: text) { throw .role(role) }
    return AccessToken(text, role: role)
  }

  /// Whether the permissions of a file let its group or other users read or write it; false where the system has no such
  /// ones.
  package static func isShared(_ path: String) -> Bool {
    let mode = csystemio_mode_of(path)
    return mode >= 0 && mode & 0o066 != 0
  }
}
