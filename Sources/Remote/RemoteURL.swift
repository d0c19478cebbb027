internal import ClientHTTP

/// Address of a remote agent.
struct RemoteURL: Sendable, Equatable {
  /// Scheme, host and port.
  let server: ServerAddress
  /// File with the CA certificates that verify it; nil for the system's.
  var authorities: String?
  /// File with the certificate that it must have, whichever CA signed it and for whichever name; nil for verification.
  var certificate: String?

  init(server: ServerAddress) { self.server = server }

  /// Parses an address: `http://host:8080`, `https://host`, `host:8080`, or `host`, for the agent's usual port.
  ///
  /// - Throws: RemoteMachine.AddressError.
  init(_ address: String) throws(RemoteMachine.AddressError) {
    let error = RemoteMachine.AddressError(
      description: "\"\(address)\" is not allowed; allowed is http://HOST:PORT or unix:/PATH")
    if address.hasPrefix("unix:/") {
      guard address.utf8.count <= 112, address.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw error }
      var server = ServerAddress(isSecure: false, host: "localhost", port: 80)
      server.socket = String(address.dropFirst(5))
      self.server = server
      return
    }
    var rest = address[...]
    var isSecure = false
    var port = 8080
    for (scheme, usual) in [("http://", 80), ("https://", 443)] where rest.lowercased().hasPrefix(scheme) {
      isSecure = usual == 443
      port = usual
      rest = rest.dropFirst(scheme.count)
    }
    while rest.hasSuffix("/") { rest.removeLast() }
    let isPlain = rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@\\\"".utf8.contains($0) }
    guard isPlain, let (host, digits) = try? ServerAddress.parts(of: rest) else { throw error }
    if let digits {
      guard let number = ServerAddress.port(digits) else { throw error }
      port = number
    }
    server = ServerAddress(isSecure: isSecure, host: String(host), port: port)
  }

  /// Value of the Host field.
  var authority: String { server.bracketedHost + ":\(server.port)" }

  /// The URL without a path.
  var text: String { server.socket.map { "unix:" + $0 } ?? server.scheme + authority }
}
