import Collect

/// Values of settings as messages show them: without secrets, and not too long.
enum ShownValue {
  /// Maximum characters of a refused value.
  private static let limit = 120
  /// Maximum bytes that are searched for secrets; the rest is hidden.
  private static let window = 2_048
  private static let mask = "…"

  /// A value that a setting does not accept: of URLs only scheme, host and port.
  ///
  /// Which part of an invalid URL is its password is a guess, so that all before the last `@` is hidden.
  static func refused(_ text: String) -> String { cut(withoutTokens(url(text, .refused)), limit) }

  /// A value that a setting accepts.
  ///
  /// - Parameter hidesPaths: whether the path of a URL is a secret, as that of a webhook is.
  static func valid(_ text: String, hidesPaths: Bool) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
      .map { withoutTokens(url(String($0), hidesPaths ? .webhook : .receiver)) }.joined(separator: " ")
  }

  /// A message with values in quotes.
  static func message(_ text: String, quote: Character) -> String {
    let bytes = Array(text.utf8)
    var text = text
    if let start = end(ofSchemeIn: bytes[...]), let at = bytes[start...].lastIndex(of: UInt8(ascii: "@")) {
      // A quote in a password would split it.
      text = string(bytes[..<start]) + mask + string(bytes[at...])
    }
    let parts = text.split(separator: quote, omittingEmptySubsequences: false).enumerated().map { index, part in
      index % 2 == 1 ? refused(String(part)) : url(String(part), .refused)
    }
    return cut(parts.joined(separator: String(quote)), 1_000)
  }

  private static func cut(_ text: String, _ limit: Int) -> String {
    // Counting all characters of a long text is slow.
    guard let end = text.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex), end < text.endIndex
    else { return text }
    return text[..<end] + mask
  }

  /// A text with asterisks for tokens and passwords that show themselves, or by their names.
  private static func withoutTokens(_ text: String) -> String {
    let bytes = text.utf8
    return CommandLineText.masked(bytes.count > window ? string(Array(bytes.prefix(window))[...]) + mask : text)
  }

  // MARK: URLs

  private enum URLKind {
    /// Not a valid URL, perhaps.
    case refused
    /// Its path is a secret.
    case webhook
    /// Its path is public.
    case receiver
  }

  private static func url(_ text: String, _ kind: URLKind) -> String {
    let bytes = Array(text.utf8)[...]
    guard let start = end(ofSchemeIn: bytes) else { return kind == .refused ? withoutUser(bytes) : text }
    let scheme = string(bytes[..<start])
    var result = kind == .refused ? withoutUser(bytes[..<start]) : scheme
    var rest = bytes[start...]
    let authority = rest.prefix { !"/?#".utf8.contains($0) }
    // A password may have a slash, which should be percent-encoded.
    let mayHaveUser = kind == .refused || authority.contains { "@:".utf8.contains($0) }
    if mayHaveUser, let at = rest.lastIndex(of: UInt8(ascii: "@")) {
      result += mask
      rest = rest[at...]
    }
    let host = rest.prefix { !"/?#".utf8.contains($0) }
    result += string(host)
    let path = rest[host.endIndex...]
    let isFile = host.isEmpty && (scheme.hasPrefix("unix:") || scheme.hasPrefix("file:"))
    if kind == .receiver || isFile || path.count <= 1 {
      let visible = path.prefix { !"?#".utf8.contains($0) }
      result += string(visible)
      if visible.count < path.count { result += "?" + mask }
    } else {
      result += string(path.prefix(1)) + mask
    }
    return result
  }

  /// A text without what seems to be user and password: `user:password@host`.
  private static func withoutUser(_ bytes: ArraySlice<UInt8>) -> String {
    guard let at = bytes.lastIndex(of: UInt8(ascii: "@")),
      let colon = bytes[..<at].firstIndex(of: UInt8(ascii: ":")), bytes[colon + 1] != UInt8(ascii: " ")
    else { return string(bytes) }
    return mask + string(bytes[at...])
  }

  private static let separator = Array("://".utf8)

  /// The index after the first `://`.
  private static func end(ofSchemeIn bytes: ArraySlice<UInt8>) -> Int? {
    bytes.indices.first { bytes[$0...].starts(with: separator) }.map { $0 + separator.count }
  }

  private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
