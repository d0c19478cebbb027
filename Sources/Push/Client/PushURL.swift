/// Where samples are sent to: an http or https URL.
public struct PushURL: Sendable, Hashable, CustomStringConvertible {
  /// Whether the connection is secured by TLS.
  public let isSecure: Bool
  /// A name, or an address without brackets.
  public let host: String
  /// The port, that of the scheme where the URL has none.
  public let port: Int
  /// The path with its query, as a request's target.
  public let target: String

  /// Why a text is no such URL: what is allowed instead.
  public struct Mistake: Error, Sendable, CustomStringConvertible {
    /// What is allowed.
    public let description: String
  }

  /// A URL; without a path it is that of Prometheus' receiver, `/api/v1/write`, which VictoriaMetrics, Mimir and others have
  /// too.
  ///
  /// - Parameter defaultPath: the path where the URL has none.
  public init(_ text: String, defaultPath: String = "/api/v1/write") throws(Mistake) {
    let rest: Substring
    if text.lowercased().hasPrefix("http://") {
      isSecure = false
      rest = text.dropFirst(7)
    } else if text.lowercased().hasPrefix("https://") {
      isSecure = true
      rest = text.dropFirst(8)
    } else {
      throw Mistake(description: "an http or https URL")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), text.utf8.count <= 2_048 else {
      throw Mistake(description: "a URL of at most 2048 ASCII characters without blanks")
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard !authority.contains("@") else {
      throw Mistake(
        description: "a URL without a password, which others could see: --push-username and --push-password-file")
    }
    var name = authority
    var digits: Substring?
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { throw Mistake(description: "an IPv6 address in brackets") }
      name = authority[authority.index(after: authority.startIndex)..<end]
      let after = authority[authority.index(after: end)...]
      guard after.isEmpty || after.first == ":" else { throw Mistake(description: "a port after the address") }
      digits = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = authority.firstIndex(of: ":") {
      name = authority[..<colon]
      digits = authority[authority.index(after: colon)...]
    }
    guard !name.isEmpty, name.utf8.count <= 255 else { throw Mistake(description: "a URL with a host") }
    host = String(name)
    if let digits, !digits.isEmpty {
      guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(digits), (1...65_535).contains(port)
      else { throw Mistake(description: "a port from 1 to 65535") }
      self.port = port
    } else {
      port = isSecure ? 443 : 80
    }
    let path = rest.dropFirst(authority.count).prefix { $0 != "#" }
    target = path.isEmpty || path == "/" ? defaultPath : path.first == "?" ? "/" + path : String(path)
  }

  /// The value of `Host`.
  var authority: String {
    let host = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
  }

  /// The URL without its query, in which there may be a secret.
  public var description: String {
    (isSecure ? "https://" : "http://") + authority + target.prefix { $0 != "?" }
  }

  /// The whole URL; tells one target from another.
  var full: String { (isSecure ? "https://" : "http://") + authority + target }
}
