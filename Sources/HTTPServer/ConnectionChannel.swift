internal import API
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import ServerCore

/// A connection set up by Hummingbird, with a ``ConnectionGuard``; or a refused one.
struct ConnectionChannel: ServerChildChannel {
  enum Value: ServerChildChannelValue {
    case accepted(HTTP1Channel.Value)
    case refused(any Channel)

    var channel: any Channel {
      switch self {
      case .accepted(let value): value.channel
      case .refused(let channel): channel
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
        try secure(channel)
        try channel.pipeline.syncOperations.addHandler(RefusalHandler(connections))
        return .refused(channel)
      }
    case .dropped:
      channel.close(promise: nil)
      return channel.eventLoop.makeSucceededFuture(.refused(channel))
    }
    do { try secure(channel) } catch { return channel.eventLoop.makeFailedFuture(error) }
    return base.setup(channel: channel, logger: logger).flatMapThrowing { [self] value in
      // Right behind the decoder, which is the last handler that knows the protocol version.
      let operations = channel.pipeline.syncOperations
      let decoder = try operations.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
      let handler = ConnectionGuard(
        channel: channel, client: client, connections: self.connections.value, logger: logger)
      try operations.addHandler(handler, position: .after(decoder))
      return .accepted(value)
    }
  }

  /// Adds TLS below HTTP.
  private func secure(_ channel: any Channel) throws {
    guard let tls else { return }
    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context))
  }

  func handle(value: Value, logger: Logger) async {
    if case .accepted(let value) = value { await base.handle(value: value, logger: logger) }
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
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
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
