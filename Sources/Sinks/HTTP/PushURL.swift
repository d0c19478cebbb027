internal import ClientHTTP

/// The http or https URL of a receiver.
package struct PushURL: Sendable, Hashable, CustomStringConvertible {
  /// Server with TLS and port; by default the port of the scheme.
  let server: ServerAddress
  /// Request target: the path with its query.
  package let target: String

  /// Error of an invalid URL.
  package struct PushURLError: Error, Sendable, CustomStringConvertible {
    /// The allowed format.
    package let description: String
  }

  /// Parses a URL; the default path is that of Prometheus' receiver, `/api/v1/write`, which VictoriaMetrics, Mimir and
  /// others support too.
  ///
  /// - Parameters:
  ///   - defaultPath: the path if the URL has none.
  ///   - credentials: the options that give a user and a password, for the error of a URL that has them.
  package init(
    _ text: String, defaultPath: String = "/api/v1/write",
    credentials: String = "--push-username and --push-password-file"
  ) throws(PushURLError) {
    let rest: Substring
    let isSecure: Bool
    if text.lowercased().hasPrefix("http://") {
      isSecure = false
      rest = text.dropFirst(7)
    } else if text.lowercased().hasPrefix("https://") {
      isSecure = true
      rest = text.dropFirst(8)
    } else {
      throw PushURLError(description: "an http or https URL")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), text.utf8.count <= 2_048 else {
      throw PushURLError(description: "a URL of at most 2048 ASCII characters without blanks")
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard !authority.contains("@") else {
      throw PushURLError(
        description: "a URL without a password, which others could see: \(credentials)")
    }
    let (host, digits): (Substring, Substring?)
    do throws(ServerAddress.AuthorityError) {
      (host, digits) = try ServerAddress.parts(of: authority)
    } catch {
      switch error {
      case .brackets: throw PushURLError(description: "an IPv6 address in brackets")
      case .behindBrackets: throw PushURLError(description: "a port after the address")
      case .host: throw PushURLError(description: "a URL with a host")
      }
    }
    guard host.utf8.count <= 255 else { throw PushURLError(description: "a URL with a host") }
    var server = ServerAddress(isSecure: isSecure, host: String(host), port: 0)
    server.port = server.usualPort
    if let digits, !digits.isEmpty {
      guard let port = ServerAddress.port(digits) else { throw PushURLError(description: "a port from 1 to 65535") }
      server.port = port
    }
    self.server = server
    let path = rest.dropFirst(authority.count).prefix { $0 != "#" }
    target = path.isEmpty || path == "/" ? defaultPath : path.first == "?" ? "/" + path : String(path)
  }

  /// The value of `Host`.
  var authority: String {
    server.bracketedHost + (server.port == server.usualPort ? "" : ":\(server.port)")
  }

  /// The URL without its query, which may contain a secret.
  package var description: String {
    server.scheme + authority + target.prefix { $0 != "?" }
  }

  /// The complete URL, which identifies a target.
  var full: String { server.scheme + authority + target }
}

extension PostTarget {
  init(_ url: PushURL) {
    self.init(server: url.server, authority: url.authority, target: url.target)
  }
}
