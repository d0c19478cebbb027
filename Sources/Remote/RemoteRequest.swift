internal import ClientHTTP

/// Reason for a missing answer, in one line.
struct RemoteFailure: Error, Sendable, CustomStringConvertible {
  let description: String
  /// Whether a retry is pointless for now.
  var isRefusal = false
  /// Status of an answer other than 200; nil without an answer.
  var status: Int?
  /// Whether a token is required, or another one.
  var wantsToken = false
}

/// A GET whose body is read as a stream.
struct RemoteRequest: Sendable {
  let agent: RemoteAgent
  let target: String
  var headers: [(name: String, value: String)] = []
  /// Seconds without data after which the connection counts as cut.
  var silence = 10.0
  /// Whether the body is endless.
  var isStream = false
  /// Whether the body may be compressed.
  var isCompressible = true

  /// Sends the request and passes the body to `take` piece by piece, with back-pressure.
  ///
  /// - Parameter limit: bytes of the body, decompressed.
  /// - Throws: RemoteFailure for a status other than 200, or above a limit; the transport's errors; the errors of `take`.
  func send(atMost limit: Int = .max, _ take: ([UInt8]) async throws -> Void) async throws {
    var request = GetRequest(
      server: agent.url.server, target: target,
      fields: [("Host", agent.url.authority), ("User-Agent", "worker-monitoring-agent")] + headers)
    request.authorities = agent.url.authorities
    request.authorityOption = "--connect-ca-file"
    request.certificate = agent.url.certificate
    request.isStream = isStream
    request.limits.window = silence
    request.limits.progress = isStream ? 1 : RemoteLimits.progress
    request.limits.answer = RemoteLimits.answer
    request.limits.compression = isStream || !isCompressible ? 0 : RemoteLimits.compression
    var left = limit
    try await agent.transport.get(request) { head in
      try check(head)
      if isStream, let coding = head.coding, coding != "identity" {
        throw RemoteFailure(description: "a compressed stream", isRefusal: true)
      }
    } body: { bytes in
      guard bytes.count <= left else {
        throw RemoteFailure(description: "an answer of more than " + RemoteLimits.text(limit), isRefusal: true)
      }
      left -= bytes.count
      try await take(bytes)
    }
  }

  /// Returns the whole body, of at most `limit` bytes.
  func body(atMost limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await send(atMost: limit) { bytes += $0 }
    return bytes
  }

  /// Passes the objects of an array in the body to `take` one by one, and returns the rest of the body.
  ///
  /// - Parameter limit: bytes of the body, decompressed.
  func objects(
    of name: String, atMost limit: Int, _ take: ([UInt8]) throws -> Void
  ) async throws -> [UInt8] {
    var splitter = ObjectSplitter(array: name)
    try await send(atMost: limit) { bytes in
      var failure: (any Error)?
      let isShort = splitter.add(bytes.span) { object in
        guard failure == nil else { return }
        do { try take(object) } catch { failure = error }
      }
      if let failure { throw failure }
      guard isShort else {
        throw RemoteFailure(
          description: "an object of more than " + RemoteLimits.text(ObjectSplitter.limit), isRefusal: true)
      }
    }
    return splitter.rest
  }

  private func check(_ head: ResponseHead) throws(RemoteFailure) {
    switch head.status {
    case 200: return
    case 401:
      let isSent = headers.contains { $0.name == "Authorization" }
      throw RemoteFailure(
        description: isSent ? "it does not take the token (--token-file)" : "it wants a token (--token-file)",
        isRefusal: true, status: 401, wantsToken: true)
    default:
      let reason = head.reason.isEmpty ? "" : " " + head.reason.prefix(80)
      throw RemoteFailure(description: "HTTP \(head.status)" + reason, isRefusal: true, status: head.status)
    }
  }

  /// Describes an error in one line.
  static func line(of error: any Error) -> String {
    switch error {
    case let error as RemoteFailure: error.description
    case let error as ClientFailure: error.description
    case is CancellationError: "it was given up"
    default: String("\(error)".prefix { !$0.isNewline }.prefix(200))
    }
  }
}

/// An agent, and the way to it.
struct RemoteAgent: Sendable {
  let url: RemoteURL
  let transport: any ClientTransport
  /// Returns the token, for each request; nil without one.
  let token: @Sendable () -> String?

  func request(_ target: String) -> RemoteRequest {
    var request = RemoteRequest(agent: self, target: target)
    if let token = token() { request.headers.append(("Authorization", "Bearer " + token)) }
    return request
  }
}
