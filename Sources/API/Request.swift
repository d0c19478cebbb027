extension API {
  /// A request, as far as the API looks at it.
  public struct Request: Sendable {
    /// The method, "GET".
    public var method: String
    /// The request target: path and query, still percent-encoded (RFC 9112 §3.2.1).
    public var target: String
    /// The header fields in order.
    public var headers: [(name: String, value: String)]
    /// Whether only this machine can have sent it: the server listens on a loopback address.
    public var isLocal: Bool

    /// A request for a target.
    public init(
      method: String = "GET", target: String, headers: [(name: String, value: String)] = [], isLocal: Bool = false
    ) {
      self.method = method
      self.target = target
      self.headers = headers
      self.isLocal = isLocal
    }

    /// The value of a header field, by its name in any case, several joined by commas (RFC 9110 §5.3); nil where there
    /// is none.
    public subscript(header name: String) -> String? {
      let values = headers.filter { $0.name.count == name.count && $0.name.lowercased() == name.lowercased() }
      return values.isEmpty ? nil : values.map(\.value).joined(separator: ", ")
    }
  }
}
