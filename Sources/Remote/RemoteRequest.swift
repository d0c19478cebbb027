internal import ClientHTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression

/// Why there is no answer, in one line.
struct RemoteFailure: Error, Sendable, CustomStringConvertible {
  let description: String
  /// Whether asking again soon does not help.
  var isRefusal = false
  /// The status of an answer that is not 200; nil where there is no answer.
  var status: Int?
  /// Whether a token is wanted, or another one.
  var wantsToken = false
}

/// GET by HTTP/1.1, on a connection of its own, whose body is taken as it comes.
struct RemoteRequest: Sendable {
  /// Seconds for connecting.
  static let connectTime = 5.0
  /// Bytes of one answer; what is compressed counts as what it becomes.
  static let limit = 512 << 20

  let url: RemoteURL
  let target: String
  var headers: [(String, String)] = []
  /// Seconds without a byte after which the connection counts as cut.
  var silence = 10.0

  /// Sends it and gives the body to `take` piece by piece; whoever takes slowly is sent slowly.
  ///
  /// - Throws: RemoteFailure where there is no answer, or one that is not 200; what `take` throws.
  func send(_ take: @Sendable ([UInt8]) async throws -> Void) async throws {
    let channel = try await connect()
    try await channel.executeThenClose { inbound, outbound in
      var fields = HTTPHeaders([("Host", url.authority), ("User-Agent", "worker-monitoring-agent")])
      for (name, value) in headers { fields.add(name: name, value: value) }
      try await outbound.write(.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: fields)))
      try await outbound.write(.end(nil))
      var isAnswered = false
      for try await part in inbound {
        switch part {
        case .head(let head):
          try check(head.status)
          isAnswered = true
        case .body(let buffer):
          try await take(Array(buffer.readableBytesView))
        case .end:
          return
        }
      }
      try Task.checkCancellation()
      throw RemoteFailure(description: isAnswered ? "the connection was cut" : "no answer")
    }
  }

  /// The whole body of at most so many bytes.
  func body(atMost limit: Int) async throws -> [UInt8] {
    let body = Collected(limit: limit)
    try await send { try await body.add($0) }
    return await body.bytes
  }

  private actor Collected {
    let limit: Int
    private(set) var bytes: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    func add(_ more: [UInt8]) throws {
      guard bytes.count + more.count <= limit else {
        throw RemoteFailure(description: "an answer of more than \(limit) bytes", isRefusal: true)
      }
      bytes += more
    }
  }

  private func check(_ status: HTTPResponseStatus) throws(RemoteFailure) {
    switch status.code {
    case 200: return
    case 401:
      let isSent = headers.contains { $0.0 == "Authorization" }
      throw RemoteFailure(
        description: isSent ? "it does not take the token (--token-file)" : "it wants a token (--token-file)",
        isRefusal: true, status: 401, wantsToken: true)
    default:
      throw RemoteFailure(
        description: "HTTP \(status.code) \(status.reasonPhrase)", isRefusal: true, status: Int(status.code))
    }
  }

  private func connect() async throws(RemoteFailure) -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
    do {
      let silence = TimeAmount.milliseconds(Int64(silence * 1_000))
      return try await ClientConnection.open(
        to: url.server, context: url.server.isSecure ? try Self.tls.get() : nil, limit: Self.connectTime
      ) { channel in
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(IdleStateHandler(readTimeout: silence))
        try pipeline.addHandler(SilenceHandler())
        try pipeline.addHTTPClientHandlers()
        try pipeline.addHandler(NIOHTTPResponseDecompressor(limit: .size(Self.limit)))
        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
      }
    } catch {
      throw RemoteFailure(description: Self.line(of: error))
    }
  }

  /// What trusts the system's certificates; made once.
  private static let tls = Result { try ClientConnection.context() }

  /// What an error says, in one line.
  static func line(of error: any Error) -> String {
    switch error {
    case let error as RemoteFailure: error.description
    case is SilenceHandler.Silence: "no word for too long"
    default: ClientConnection.line(of: error, limit: connectTime)
    }
  }
}

/// Closes a connection on which nothing has come for too long.
private final class SilenceHandler: ChannelInboundHandler, Sendable {
  typealias InboundIn = NIOAny

  struct Silence: Error {}

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleStateHandler.IdleStateEvent else {
      context.fireUserInboundEventTriggered(event)
      return
    }
    context.fireErrorCaught(Silence())
    context.close(promise: nil)
  }
}
