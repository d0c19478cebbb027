/// Where an agent listens.
struct RemoteURL: Sendable, Equatable {
  /// Whether TLS is spoken.
  var isSecure = false
  /// A name or an address, without brackets.
  var host: String
  /// The port.
  var port: Int

  /// From what somebody typed: `http://host:8080`, `https://host`, `host:8080`, or only `host`, which means the agent's
  /// usual port.
  ///
  /// - Throws: RemoteMachine.AddressError.
  init(_ address: String) throws(RemoteMachine.AddressError) {
    let error = RemoteMachine.AddressError(description: "\"\(address)\" is not allowed; allowed is http://HOST:PORT")
    var rest = address[...]
    var port = 8080
    for (scheme, usual) in [("http://", 80), ("https://", 443)] where rest.lowercased().hasPrefix(scheme) {
      isSecure = usual == 443
      port = usual
      rest = rest.dropFirst(scheme.count)
    }
    while rest.hasSuffix("/") { rest.removeLast() }
    let isPlain = rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@\\\"".utf8.contains($0) }
    guard isPlain else { throw error }
    var name = rest
    if rest.hasPrefix("[") {
      guard let end = rest.firstIndex(of: "]") else { throw error }
      name = rest[rest.index(after: rest.startIndex)..<end]
      rest = rest[rest.index(after: end)...]
    } else {
      name = rest.prefix { $0 != ":" }
      rest = rest[name.endIndex...]
    }
    if !rest.isEmpty {
      guard rest.hasPrefix(":"), let number = UInt16(rest.dropFirst()), number > 0 else { throw error }
      port = Int(number)
    }
    guard !name.isEmpty else { throw error }
    host = String(name)
    self.port = port
  }

  /// What the Host field says.
  var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

  /// As one text, without a path.
  var text: String { (isSecure ? "https://" : "http://") + authority }
}
