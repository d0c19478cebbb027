/// HTTP/1.1 client over a system's sockets and TLS.
package protocol ClientTransport: Sendable {
  /// Sends a GET; passes the head of the response to `head`, then the body to `body` piece by piece, with back-pressure.
  ///
  /// - Throws: ClientFailure without a complete response, CancellationError, or the errors of the closures.
  func get(
    _ request: GetRequest, head: (ResponseHead) throws -> Void, body: ([UInt8]) async throws -> Void
  ) async throws

  /// Creates a client that posts to one URL.
  ///
  /// - Parameter onDisconnect: called when the receiver closes a connection that it kept open after a response, as it does
  ///   when it is stopped; never where the system hides its connections.
  func poster(to target: PostTarget, onDisconnect: @escaping @Sendable () -> Void) -> any Poster

  /// Whether a file has CA certificates with which servers can be verified.
  func hasAuthorities(_ path: String) -> Bool
}

/// Reason of a missing or incomplete response, in one line.
package struct ClientFailure: Error, Sendable, CustomStringConvertible {
  package let description: String
  /// Whether a server was reached, but not over TLS: its certificate is not trusted, or it speaks none.
  package let isTLS: Bool

  package init(_ description: String, isTLS: Bool = false) {
    self.description = description
    self.isTLS = isTLS
  }
}

/// A GET on its own connection.
package struct GetRequest: Sendable {
  package var server: ServerAddress
  /// Path and query.
  package var target: String
  /// Header fields, with Host.
  package var fields: [(name: String, value: String)]
  /// File with CA certificates (PEM) used to verify the server; nil for the system's.
  package var authorities: String?
  /// The option that gives the authorities, for the reason of an untrusted certificate; nil without one.
  package var authorityOption: String?
  /// File with the certificate (PEM) that the server must have, whichever CA signed it and for whichever name; nil to
  /// verify it by the authorities.
  package var certificate: String?
  /// Whether the body is endless.
  package var isStream = false
  package var limits = GetLimits()

  package init(server: ServerAddress, target: String, fields: [(name: String, value: String)]) {
    (self.server, self.target, self.fields) = (server, target, fields)
  }
}

/// Limits for the server of a GET.
package struct GetLimits: Sendable {
  /// Seconds for connecting.
  package var connect = 5.0
  /// Seconds from the request to the header of the response.
  package var answer = 10.0
  /// Seconds in which at least `progress` bytes must arrive.
  package var window = 10.0
  package var progress = 1_024
  /// Maximum compression ratio; 0 to accept no compressed body.
  package var compression = 0

  package init() {}
}

package struct ResponseHead: Sendable {
  package let status: Int
  /// Text of the status line; may be empty.
  package let reason: String
  /// Value of Content-Encoding; nil without one.
  package let coding: String?

  package init(status: Int, reason: String, coding: String?) {
    (self.status, self.reason, self.coding) = (status, reason, coding)
  }
}

/// URL and settings of a client that posts.
package struct PostTarget: Sendable {
  package var server: ServerAddress
  /// Value of the Host field.
  package var authority: String
  /// Path and query.
  package var target: String
  /// File with CA certificates (PEM) used to verify the receiver; nil for the system's.
  package var authorities: String?
  /// The option that gives the authorities, for the reason of an untrusted certificate; nil without one.
  package var authorityOption: String?
  package var limits = PostLimits()

  package init(server: ServerAddress, authority: String, target: String) {
    (self.server, self.authority, self.target) = (server, authority, target)
  }
}

/// Limits for the receiver of a POST.
package struct PostLimits: Sendable, Hashable {
  /// Seconds for connecting.
  package var connect = 10.0
  /// Seconds from the connection to the end of the response.
  package var time = 30.0
  /// Maximum bytes kept of the response's body.
  package var text = 2_048
  /// Maximum bytes of the response's body before the connection is closed.
  package var body = 65_536

  package init() {}
}

/// Posts to one URL, one request at a time.
///
/// Independent of the receiver's behavior it takes at most ``PostLimits/time`` and keeps at most ``PostLimits/text`` of the
/// response.
package protocol Poster: Sendable {
  /// Posts a body; cancelling the task ends the request.
  func post(_ body: [UInt8], fields: [(String, String)]) async throws(ClientFailure) -> HTTPAnswer

  func close()
}

/// Response of a receiver.
package struct HTTPAnswer: Sendable {
  package let status: Int
  /// Fields by lower-case name; the first of equal names.
  package let headers: [String: String]
  /// Beginning of the body.
  package let body: [UInt8]
  /// Whether the request was sent twice, since the first connection was cut.
  package var isRepeated = false

  package init(status: Int, headers: [String: String], body: [UInt8]) {
    (self.status, self.headers, self.body) = (status, headers, body)
  }

  /// Beginning of the body as text.
  package var text: String { String(decoding: body, as: UTF8.self) }
}
