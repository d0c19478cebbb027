extension API {
  /// The parts of a request that the API uses.
  package struct Request: Sendable {
    /// The method, such as "GET".
    package var method: String
    /// The request target: path and query, still percent-encoded (RFC 9112 §3.2.1).
    package var target: String
    /// The header fields in order.
    package var headers: [(name: String, value: String)]
    /// Whether only this machine can have sent it: the server listens on a loopback address.
    package var isLocal: Bool
    /// Identifies the client's address for its limit of streams; nil for loopback.
    package var client: String?
    /// Whether the system has authenticated the client: by the permissions of a Unix socket.
    package var isTrusted: Bool

    /// Creates a request.
    package init(
      method: String = "GET", target: String, headers: [(name: String, value: String)] = [], isLocal: Bool = false,
      client: String? = nil, isTrusted: Bool = false
    ) {
      self.method = method
      self.target = target
      self.headers = headers
      self.isLocal = isLocal
      self.client = client
      self.isTrusted = isTrusted
    }

    /// The value of a header field, by its name in any case; several are joined by commas (RFC 9110 §5.3).
    package subscript(header name: String) -> String? {
      var result: String?
      for field in headers where Self.isSame(field.name, name) {
        result = result.map { $0 + ", " + field.value } ?? field.value
      }
      return result
    }

    /// Whether two names are equal without regard to case; names are ASCII (RFC 9110 §5.1).
    private static func isSame(_ left: String, _ right: String) -> Bool {
      left.utf8.count == right.utf8.count
        && zip(left.utf8, right.utf8).allSatisfy { $0 == $1 || $0 ^ $1 == 0x20 && (0x61...0x7A).contains($0 | 0x20) }
    }
  }
}
