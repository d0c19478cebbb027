/// Scheme, host and port of an HTTP server.
package struct ServerAddress: Sendable, Hashable {
  /// Whether the connection uses TLS.
  package var isSecure: Bool
  /// A name or an address, without brackets.
  package var host: String
  package var port: Int
  /// Path of a Unix socket to which to connect instead.
  package var socket: String?

  package init(isSecure: Bool, host: String, port: Int) {
    self.isSecure = isSecure
    self.host = host
    self.port = port
  }

  /// An invalid host and port in a URL.
  package enum AuthorityError: Error {
    /// An unclosed `[`.
    case brackets
    /// Text after `]` that is not a port.
    case behindBrackets
    /// A missing host.
    case host
  }

  /// Splits `HOST`, `HOST:PORT`, `[IPV6]` and `[IPV6]:PORT` into the host and the port's digits, nil without a colon.
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

  /// Parses a port from 1 to 65535; nil for anything else.
  package static func port(_ digits: Substring) -> Int? {
    guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(digits), (1...65_535).contains(port)
    else { return nil }
    return port
  }

  /// The host as in a URL, with an IPv6 address in brackets.
  package var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  /// Default port of the scheme.
  package var usualPort: Int { isSecure ? 443 : 80 }

  /// `http://` or `https://`.
  package var scheme: String { isSecure ? "https://" : "http://" }
}
