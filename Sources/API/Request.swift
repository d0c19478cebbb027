extension API {
  /// A request, as far as the API looks at it.
  public struct Request: Sendable {
    /// The method, "GET".
    public var method: String
    /// The request target: path and query, still percent-encoded (RFC 9112 §3.2.1).
    public var target: String
    /// The header If-None-Match; nil where there is none.
    public var ifNoneMatch: String?

    /// A request for a target.
    public init(method: String = "GET", target: String, ifNoneMatch: String? = nil) {
      self.method = method
      self.target = target
      self.ifNoneMatch = ifNoneMatch
    }
  }
}
