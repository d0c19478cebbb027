internal import SystemIO

/// Credentials for a target; secrets are read again for each request, since they may be rotated.
package enum PushCredentials: Sendable, Hashable {
  /// No credentials.
  case none
  /// A user name, and the file with the password (RFC 7617).
  case basic(username: String, passwordFile: String)
  /// The file with the token (RFC 6750).
  case bearer(tokenFile: String)

  /// The value of `Authorization`; nil for none.
  ///
  /// - Throws: SystemError if the file cannot be read, or has no valid header value.
  func header() throws(SystemError) -> String? {
    switch self {
    case .none: return nil
    case .basic(let username, let file):
      return "Basic " + Base64.encoded(Array("\(username):\(try Self.secret(in: file))".utf8))
    case .bearer(let file): return "Bearer " + (try Self.secret(in: file))
    }
  }

  private static func secret(in file: String) throws(SystemError) -> String {
    let bytes = try Files.contents(ofNamed: file, atMost: 65_536)
    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    let secret = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    guard !secret.isEmpty, secret.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw SystemError("a secret in \(file)", code: ENODATA)
    }
    return secret
  }
}
