internal import SampleStore

extension API {
  /// A part of a body.
  enum BodyPiece: Sendable {
    case bytes([UInt8])
    /// A sample's JSON, encoded if necessary and shared with the history.
    case sample(History.Entry)

    var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .sample(let entry): SampleJSON.count(of: entry)
      }
    }

    var bytes: [UInt8] {
      switch self {
      case .bytes(let bytes): bytes
      case .sample(let entry): SampleJSON.bytes(of: entry)
      }
    }
  }

  /// Identifies a reusable response, for a server that caches it in the format of its sockets.
  package final class Identity: Sendable {}

  /// A response, ready to be sent.
  package struct Response: Sendable {
    enum ResponseBody: Sendable {
      case pieces([BodyPiece])
      case events(EventStream)
    }

    /// The status code.
    package var status: Int
    /// The header fields in order, with `Content-Length` if the body has an end.
    package var headers: [(name: String, value: String)]
    var content: ResponseBody
    /// Identity of a reusable response; nil if it was created for a single request.
    package internal(set) var identity: Identity?

    init(status: Int, headers: [(name: String, value: String)], content: ResponseBody = .pieces([])) {
      self.status = status
      self.headers = headers
      self.content = content
    }

    init(status: Int, headers: [(name: String, value: String)], body pieces: [BodyPiece]) {
      self.init(status: status, headers: headers, content: .pieces(pieces))
      self.headers.append(("Content-Length", String(count)))
    }

    /// The first value of a header field, by its name in any case, or nil.
    package subscript(header name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body in pieces, each created on demand; nil for an endless body (``events``).
    package var pieces: (some RandomAccessCollection<[UInt8]> & Sendable)? {
      guard case .pieces(let pieces) = content else { return nil as LazyPieces? }
      return LazyPieces(pieces: pieces)
    }

    /// The endless body; nil if it has an end.
    package var events: EventStream? {
      guard case .events(let stream) = content else { return nil }
      return stream
    }

    /// Number of bytes of the body; 0 if it is endless.
    package var count: Int {
      guard case .pieces(let pieces) = content else { return 0 }
      return pieces.reduce(0) { $0 + $1.count }
    }

    /// Bytes of the body that are in memory for this response alone; samples are shared with the history.
    package var ownBytes: Int {
      guard case .pieces(let pieces) = content else { return 0 }
      return pieces.reduce(0) { sum, piece in if case .bytes(let bytes) = piece { sum + bytes.count } else { sum } }
    }

    /// The complete body; empty if it is endless.
    package var body: [UInt8] {
      guard case .pieces(let pieces) = content else { return [] }
      if pieces.count == 1 { return pieces[0].bytes }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      for piece in pieces { bytes += piece.bytes }
      return bytes
    }

    /// The response to HEAD: all headers, no body (RFC 9110 §9.3.2).
    var withoutBody: Response {
      Response(status: status, headers: headers)
    }

    /// Returns the response with a header field set.
    func with(_ name: String, _ value: String) -> Response {
      var response = self
      response.headers.removeAll { $0.name == name }
      response.headers.append((name, value))
      return response
    }

    /// A JSON text that must not be cached, with a trailing line feed.
    static func json(_ bytes: [UInt8], status: Int = 200) -> Response {
      body([.bytes(bytes + [UInt8(ascii: "\n")])], type: "application/json; charset=utf-8", status: status)
    }

    /// Dynamic content of any type.
    static func body(_ pieces: [BodyPiece], type: String, status: Int = 200) -> Response {
      Response(status: status, headers: [("Content-Type", type), ("Cache-Control", "no-store")], body: pieces)
    }

    static func noContent(allow methods: String) -> Response {
      Response(status: 204, headers: [("Allow", methods), ("Cache-Control", "no-store")])
    }

    static func redirect(to location: String) -> Response {
      Response(status: 302, headers: [("Location", location), ("Cache-Control", "no-store")], body: [])
    }

    /// A file of the web page.
    static func file(_ file: WebFiles.File) -> Response {
      Response(
        status: 200,
        headers: [
          ("Content-Type", file.type), ("Content-Security-Policy", contentSecurityPolicy),
          ("Referrer-Policy", "no-referrer"),
        ], body: [.bytes(file.bytes)])
    }

    /// Only resources of this server, no inline code, no frames.
    ///
    /// Even if a name from /proc were inserted as markup by mistake, it could not load or run code.
    private static let contentSecurityPolicy =
      "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  }

  /// Pieces that are created one at a time, so that a long history is never in memory as a whole.
  struct LazyPieces: RandomAccessCollection, Sendable {
    let pieces: [BodyPiece]
    var startIndex: Int { pieces.startIndex }
    var endIndex: Int { pieces.endIndex }
    subscript(index: Int) -> [UInt8] { pieces[index].bytes }
  }
}
