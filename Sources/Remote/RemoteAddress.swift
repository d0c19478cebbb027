internal import ClientHTTP

/// Address of an agent.
package struct RemoteAddress: Sendable {
  let url: RemoteURL

  /// Parses `http://HOST:PORT`, `https://HOST:PORT`, `unix:/PATH`, or only `HOST:PORT`.
  ///
  /// - Parameter authorities: file with the CA certificates (PEM) that verify an https server; nil for the system's.
  package init(_ text: String, authorities: String? = nil) throws(RemoteMachine.AddressError) {
    var url = try RemoteURL(text)
    url.authorities = authorities
    self.url = url
  }

  /// An agent that listens on a host and port.
  package init(host: String, port: Int) {
    url = RemoteURL(server: ServerAddress(isSecure: false, host: host, port: port))
  }

  /// An agent that serves https on a host and port, with the certificate of a file.
  ///
  /// The certificate is compared and not verified, since it names the machine and not a loopback address.
  ///
  /// - Parameter authorities: CA certificates (PEM) that verify it instead; nil to compare.
  package init(host: String, port: Int, certificate: String, authorities: String?) {
    var url = RemoteURL(server: ServerAddress(isSecure: true, host: host, port: port))
    url.authorities = authorities
    if authorities == nil { url.certificate = certificate }
    self.url = url
  }

  /// `http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`.
  package var text: String { url.text }

  /// Whether it is a Unix socket, whose permissions are enough to read everything.
  package var isSocket: Bool { url.server.socket != nil }
}
