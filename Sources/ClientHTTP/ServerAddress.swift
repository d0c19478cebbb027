/// Where an HTTP server is.
package struct ServerAddress: Sendable, Hashable {
  /// Whether TLS is spoken.
  package var isSecure: Bool
  /// A name or an address, without brackets.
  package var host: String
  package var port: Int

  /// One whose parts are known.
  package init(isSecure: Bool, host: String, port: Int) {
    self.isSecure = isSecure
    self.host = host
    self.port = port
  }

  /// What is wrong with the host and port of a URL.
  package enum AuthorityError: Error {
    /// A `[` that nothing closes.
    case brackets
    /// Something behind `]` that is no port.
    case behindBrackets
    /// No host.
    case host
  }

  /// The host and the port's digits, nil where there is no colon, of `HOST`, `HOST:PORT`, `[IPV6]` and `[IPV6]:PORT`.
  package static func parts(
    of authority: Substring
  ) throws(AuthorityError) -> (host: Substring, digits: Substring?) {
    var host = authority.prefix { $0 != ":" }
    var rest = authority[host.endIndex...]
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { throw .brackets }
      host = authority[authority.index(after: authority.startIndex)..<end]
      rest = authority[authority.index(after: end)...]
      guard rest.isEmpty || rest.first == ":" else { throw .behindBrackets }
    }
    guard !host.isEmpty else { throw .host }
    return (host, rest.isEmpty ? nil : rest.dropFirst())
  }

  /// A port from 1 to 65535; nil for anything else.
  package static func port(_ digits: Substring) -> Int? {
    guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(digits), (1...65_535).contains(port)
    else { return nil }
    return port
  }

  /// The host as a URL has it.
  package var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  /// The port of the scheme.
  package var usualPort: Int { isSecure ? 443 : 80 }

  /// `http://` or `https://`.
  package var scheme: String { isSecure ? "https://" : "http://" }
}
