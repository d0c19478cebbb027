extension API {
  /// A response, ready to be sent.
  public struct Response: Sendable {
    /// The status code.
    public var status: Int
    /// The header fields in order, `Content-Length` among them where there could be a body.
    public var headers: [(name: String, value: String)]
    /// The body in pieces, which may be shared with other responses.
    public var pieces: [[UInt8]]

    /// The first value of a header field, by its name in any case; nil where there is none.
    public subscript(header name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// How many bytes the body has.
    public var count: Int { pieces.reduce(0) { $0 + $1.count } }

    /// The whole body in one.
    public var body: [UInt8] {
      if pieces.count == 1 { return pieces[0] }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      for piece in pieces { bytes += piece }
      return bytes
    }

    /// The same for HEAD: every header, no body (RFC 9110 §9.3.2).
    var withoutBody: Response {
      Response(status: status, headers: headers, pieces: [])
    }

    private init(status: Int, headers: [(name: String, value: String)], pieces: [[UInt8]]) {
      self.status = status
      self.headers = headers
      self.pieces = pieces
    }

    private init(status: Int, headers: [(name: String, value: String)], body pieces: [[UInt8]]) {
      self.init(status: status, headers: headers, pieces: pieces)
      self.headers.append(("Content-Length", String(count)))
    }

    static func json(_ bytes: [UInt8], status: Int = 200) -> Response {
      json(pieces: [bytes], status: status)
    }

    static func json(pieces: [[UInt8]], status: Int = 200) -> Response {
      Response(
        status: status,
        headers: [
          ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store"),
          ("X-Content-Type-Options", "nosniff"),
        ], body: pieces)
    }

    static func noContent(allow methods: String) -> Response {
      Response(status: 204, headers: [("Allow", methods), ("Cache-Control", "no-store")], pieces: [])
    }

    static func redirect(to location: String) -> Response {
      Response(status: 302, headers: [("Location", location), ("Cache-Control", "no-store")], body: [])
    }

    /// A file of the web page, or 304 where the client has it already.
    static func file(_ file: WebFiles.File, ifNoneMatch: String?) -> Response {
      let validators: [(name: String, value: String)] = [("Cache-Control", "no-cache"), ("ETag", file.entityTag)]
      if let ifNoneMatch, file.matches(ifNoneMatch) { return Response(status: 304, headers: validators, pieces: []) }
      return Response(
        status: 200,
        headers: [("Content-Type", file.type)] + validators + [
          ("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", contentSecurityPolicy),
          ("Referrer-Policy", "no-referrer"),
        ], body: [file.bytes])
    }

    /// Everything from this server, nothing inline, no frame around it: a name out of /proc that got into the page as
    /// markup, against all care, could still load and run nothing.
    private static let contentSecurityPolicy =
      "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  }
}
