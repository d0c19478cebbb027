internal import ClientHTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression
internal import NIOSSL
internal import Synchronization

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

/// An HTTP/1.1 GET on its own connection, whose body is read as a stream.
struct RemoteRequest: Sendable {
  /// Connect timeout in seconds.
  static let connectTime = 5.0

  let url: RemoteURL
  let target: String
  var headers: [(String, String)] = []
  /// Seconds without data after which the connection counts as cut.
  var silence = 10.0
  /// Whether the body is endless.
  var isStream = false

  /// Sends the request and passes the body to `take` piece by piece, with back-pressure.
  ///
  /// - Parameter limit: bytes of the body, decompressed.
  /// - Throws: RemoteFailure without an answer, for a status other than 200, or above a limit; the errors of `take`.
  func send(atMost limit: Int = .max, _ take: ([UInt8]) async throws -> Void) async throws {
    let channel = try await connect()
    var left = limit
    try await channel.executeThenClose { inbound, outbound in
      var fields = HTTPHeaders([("Host", url.authority), ("User-Agent", "worker-monitoring-agent")])
      for (name, value) in headers { fields.add(name: name, value: value) }
      let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: fields)
      // In one write: a server that answers and closes in between would make a second write fail.
      try await outbound.write(contentsOf: [.head(head), .end(nil)])
      var isAnswered = false
      for try await part in inbound {
        switch part {
        case .head(let head):
          try check(head.status)
          if isStream, let coding = head.headers.first(name: "Content-Encoding"), coding != "identity" {
            throw RemoteFailure(description: "a compressed stream", isRefusal: true)
          }
          isAnswered = true
        case .body(let buffer):
          guard buffer.readableBytes <= left else {
            throw RemoteFailure(
              description: "an answer of more than " + RemoteLimits.text(limit), isRefusal: true)
          }
          left -= buffer.readableBytes
          try await take(Array(buffer.readableBytesView))
        case .end:
          return
        }
      }
      try Task.checkCancellation()
      throw RemoteFailure(description: isAnswered ? "the connection was cut" : "no answer")
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
        description: "HTTP \(status.code) \(status.reasonPhrase.prefix(80))", isRefusal: true,
        status: Int(status.code))
    }
  }

  private func connect() async throws(RemoteFailure) -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
    do {
      var server = url.server
      server.certificate = try url.certificate.map { try Self.certificate($0) }
      let silence = TimeAmount.milliseconds(Int64(silence * 1_000))
      return try await ClientConnection.open(
        to: server,
        context: url.server.isSecure ? try Self.context(url.authorities, isPinned: server.certificate != nil) : nil,
        limit: Self.connectTime, purpose: isStream ? .stream : .request
      ) { [isStream] channel in
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ProgressHandler(window: silence, minimum: isStream ? 1 : RemoteLimits.progress))
        try pipeline.addHTTPClientHandlers()
        try pipeline.addHandler(AnswerHandler())
        if !isStream { try pipeline.addHandler(NIOHTTPResponseDecompressor(limit: .ratio(RemoteLimits.compression))) }
        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
      }
    } catch {
      throw RemoteFailure(description: Self.line(of: error))
    }
  }

  private struct Trust: Hashable {
    let authorities: String?
    let isPinned: Bool
  }

  /// TLS settings, created once each.
  private static let contexts = Mutex<[Trust: NIOSSLContext]>([:])

  /// - Parameters:
  ///   - authorities: file with CA certificates (PEM); nil for the system's.
  ///   - isPinned: whether the server's certificate is compared instead.
  static func context(_ authorities: String?, isPinned: Bool = false) throws -> NIOSSLContext {
    let trust = Trust(authorities: authorities, isPinned: isPinned)
    if let known = contexts.withLock({ $0[trust] }) { return known }
    let context = try ClientConnection.context(authorities: authorities, isPinned: isPinned)
    contexts.withLock { $0[trust] = context }
    return context
  }

  /// Reads a server's certificate.
  private static func certificate(_ path: String) throws(RemoteFailure) -> [UInt8] {
    guard let certificate = try? NIOSSLCertificate.fromPEMFile(path).first?.toDERBytes() else {
      throw RemoteFailure(description: "\(path): no certificate can be read to recognize the server")
    }
    return certificate
  }

  /// Describes an error in one line.
  static func line(of error: any Error) -> String {
    switch error {
    case let error as RemoteFailure: error.description
    case let error as TooSlow: error.description
    case let error as HTTPParserError: "no well-formed HTTP answer (\(error))"
    case is NIOHTTPDecompression.DecompressionError: "a malformed compressed answer, or one that grows too much"
    default: ClientConnection.line(of: error, limit: connectTime)
    }
  }
}

/// A connection that was closed because it was too slow.
private enum TooSlow: Error, CustomStringConvertible {
  case answer, silence, progress

  var description: String {
    switch self {
    case .answer: "no answer in \(Int(RemoteLimits.answer)) s"
    case .silence: "no data for too long"
    case .progress: "data comes too slowly"
    }
  }
}

/// Closes a connection that receives too few bytes in a time window, even if a byte comes now and then.
private final class ProgressHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  private let window: TimeAmount
  private let minimum: Int
  private var count = 0
  /// Whether this side reads; otherwise back-pressure stops the sender.
  private var isReading = false
  private var timer: RepeatedTask?

  init(window: TimeAmount, minimum: Int) {
    self.window = window
    self.minimum = minimum
  }

  /// Starts with the request: no answer can come before it.
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if timer == nil { start(context) }
    context.write(data, promise: promise)
  }

  private func start(_ context: ChannelHandlerContext) {
    let loop = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleRepeatedTask(initialDelay: window, delay: window) { _ in
      let (handler, context) = loop.value
      defer { handler.count = 0 }
      guard handler.count < handler.minimum, handler.isReading else { return }
      context.fireErrorCaught(handler.count == 0 ? TooSlow.silence : TooSlow.progress)
      context.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    count += unwrapInboundIn(data).readableBytes
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    isReading = true
    context.read()
  }
}

/// Closes a connection without the start of an answer, even during endless 1xx responses or header bytes one by one.
private final class AnswerHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = HTTPClientRequestPart

  private var timer: Scheduled<Void>?
  private var isStarted = false

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if !isStarted { start(context) }
    isStarted = true
    context.write(data, promise: promise)
  }

  private func start(_ context: ChannelHandlerContext) {
    let loop = NIOLoopBound(context, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: .milliseconds(Int64(RemoteLimits.answer * 1_000))) {
      loop.value.fireErrorCaught(TooSlow.answer)
      loop.value.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    timer?.cancel()
    timer = nil
    context.fireChannelRead(data)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
  }
}
