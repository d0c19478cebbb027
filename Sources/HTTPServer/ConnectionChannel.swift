internal import API
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOSSL
internal import ServerCore

/// A connection set up by Hummingbird, with a ``ConnectionGuard``; one with HTTP/2; or a refused one.
struct ConnectionChannel: ServerChildChannel {
  enum Value: ServerChildChannelValue {
    case plain(HTTP1Channel.Value)
    /// The protocol that the client chooses in the TLS handshake (ALPN, RFC 7301).
    case secure(any Channel, EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Guard.Streams>>)
    case refused(any Channel)

    var channel: any Channel {
      switch self {
      case .plain(let value): value.channel
      case .secure(let channel, _), .refused(let channel): channel
      }
    }
  }

  private let base: HTTP1Channel
  private let connections: NIOLoopBound<Connections>
  private let tls: ServerTLS?

  /// - Parameters:
  ///   - connections: shared by all of the server's channels, on their event loop.
  ///   - tls: certificate and key; nil for plain TCP.
  init(
    connections: NIOLoopBound<Connections>, limits: ConnectionLimits, tls: ServerTLS?,
    responder: @escaping HTTPChannelHandler.Responder
  ) {
    self.connections = connections
    self.tls = tls
    base = HTTP1Channel(
      responder: responder,
      configuration: HTTP1Channel.Configuration(
        // ConnectionGuard enforces the deadlines.
        idleTimeout: nil,
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.header.bytes, maxHeaderListSize: limits.header.bytes,
          maxHeaderFieldCount: limits.header.fields)))
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let connections = connections.value
    let client = ClientAddress(channel.remoteAddress)
    switch connections.admit(client) {
    case .accepted: break
    case .refused:
      return channel.eventLoop.makeCompletedFuture {
        if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.refusalContext)) }
        try channel.pipeline.syncOperations.addHandler(RefusalHandler(connections))
        return .refused(channel)
      }
    case .dropped:
      channel.close(promise: nil)
      return channel.eventLoop.makeSucceededFuture(.refused(channel))
    }
    let connection = OpenConnection(
      channel: channel, client: client, deadline: .now() + connections.limits.header.time)
    connections.add(connection)
    let loopBound = NIOLoopBound((connections, connection), eventLoop: channel.eventLoop)
    channel.closeFuture.whenComplete { _ in loopBound.value.0.remove(loopBound.value.1) }
    guard let tls else { return setUpHTTP1(loopBound, logger).map { .plain($0) } }
    do {
      return try setUpTLS(tls, loopBound, logger).map { .secure(channel, $0) }
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  private typealias Accepted = NIOLoopBound<(Connections, OpenConnection)>

  private func setUpHTTP1(_ accepted: Accepted, _ logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
    let channel = accepted.value.1.channel
    return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
      // Right behind the decoder, which is the last handler that knows the protocol version.
      let operations = channel.pipeline.syncOperations
      let decoder = try operations.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
      let (connections, connection) = accepted.value
      try operations.addHandler(ConnectionGuard(connection, connections: connections), position: .after(decoder))
      return value
    }
  }

  /// Adds TLS; the handlers of HTTP follow when the client has chosen its version.
  private func setUpTLS(
    _ tls: ServerTLS, _ accepted: Accepted, _ logger: Logger
  ) throws -> EventLoopFuture<EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Guard.Streams>>> {
    let channel = accepted.value.1.channel
    let operations = channel.pipeline.syncOperations
    try operations.addHandler(NIOSSLServerHandler(context: tls.context))
    try operations.addHandler(HandshakeGuard())
    @Sendable func endHandshake() {
      let operations = channel.pipeline.syncOperations
      if let handler = try? operations.handler(type: HandshakeGuard.self) { _ = operations.removeHandler(handler) }
    }
    return channel.configureHTTP2AsyncSecureUpgrade { _ in
      endHandshake()
      return setUpHTTP1(accepted, logger)
    } http2ConnectionInitializer: { channel in
      endHandshake()
      return channel.eventLoop.makeCompletedFuture {
        let (connections, connection) = accepted.value
        return try HTTP2Guard.setUp(connection, connections)
      }
    }
  }

  func handle(value: Value, logger: Logger) async {
    switch value {
    case .plain(let value): await base.handle(value: value, logger: logger)
    case .secure(let channel, let version):
      switch try? await version.get() {
      case .http1_1(let value): await base.handle(value: value, logger: logger)
      case .http2(let streams): await HTTP2Guard.serve(streams, channel, respond: base.responder)
      // The handshake failed.
      case nil: channel.close(promise: nil)
      }
    case .refused: break
    }
  }
}

/// Ends a connection whose TLS handshake is not complete when the server ends.
private final class HandshakeGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }
}

/// Answers a new connection with 503, without reading its request, and closes it.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let connections: Connections
  private var isEnded = false

  init(_ connections: Connections) {
    self.connections = connections
  }

  func channelActive(context: ChannelHandlerContext) {
    let response = API.noConnection
    var buffer = context.channel.allocator.buffer(capacity: 512)
    buffer.writeString("HTTP/1.1 503 Service Unavailable\r\n")
    for (name, value) in response.headers { buffer.writeString("\(name): \(value)\r\n") }
    buffer.writeString("Connection: close\r\n\r\n")
    buffer.writeBytes(response.body)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    // Only the sending half at first: closing with unread bytes would reset the connection before the answer is read.
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: TimeAmount(connections.limits.linger)) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
    if event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    if !isEnded { connections.endRefusal() }
    isEnded = true
  }
}

/// Closes idle connections when accept(2) runs out of descriptors; NIO retries after a second.
final class AcceptFailureHandler: ChannelInboundHandler {
  typealias InboundIn = any Channel

  private let connections: Connections

  init(_ connections: Connections) {
    self.connections = connections
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? IOError { connections.makeRoom(after: error) }
    context.fireErrorCaught(error)
  }
}
