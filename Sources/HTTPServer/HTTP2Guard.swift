internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTP2
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP2
internal import ServerCore

/// Sets up HTTP/2 on a connection, and ends the connection with GOAWAY.
///
/// Floods of control frames, resets, CONTINUATION and empty DATA frames end the connection by swift-nio-http2's limits.
final class HTTP2Guard: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias InboundOut = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  /// A request and its response.
  typealias Stream = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
  typealias Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<Stream>

  private let connection: OpenConnection
  private let connections: Connections
  private var context: ChannelHandlerContext?
  private var openStreams = 0
  private var isEnding = false

  var client: ClientAddress { connection.client }

  private init(_ connection: OpenConnection, _ connections: Connections) {
    self.connection = connection
    self.connections = connections
  }

  /// Adds the handlers of HTTP/2 to a connection.
  static func setUp(_ connection: OpenConnection, _ connections: Connections) throws -> Streams {
    let channel = connection.channel
    let handler = HTTP2Guard(connection, connections)
    let loopBound = NIOLoopBound((handler, connections), eventLoop: channel.eventLoop)
    let operations = channel.pipeline.syncOperations
    let streams = try operations.configureAsyncHTTP2Pipeline(
      mode: .server, configuration: configuration(connections.limits)
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        let (handler, connections) = loopBound.value
        let operations = stream.pipeline.syncOperations
        try operations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
        try operations.addHandler(StreamGuard(channel: stream, connection: handler, connections: connections))
        return try Stream(wrappingChannelSynchronously: stream)
      }
    }
    try operations.addHandler(handler)
    return streams
  }

  private static func configuration(_ limits: ConnectionLimits) -> NIOHTTP2Handler.Configuration {
    var configuration = NIOHTTP2Handler.Configuration()
    configuration.connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamsPerConnection),
      HTTP2Setting(parameter: .maxHeaderListSize, value: limits.header.bytes),
    ]
    // Answers to control frames that a client does not read.
    configuration.connection.maximumBufferedControlFrames = 256
    configuration.stream.outboundBufferSizeHighWatermark = ConnectionLimits.chunk
    configuration.stream.outboundBufferSizeLowWatermark = ConnectionLimits.chunk / 2
    return configuration
  }

  /// Answers the requests of a connection until it ends.
  static func serve(
    _ streams: Streams, _ channel: any Channel, respond: @escaping HTTPChannelHandler.Responder
  ) async {
    await withDiscardingTaskGroup { group in
      do {
        for try await stream in streams.inbound { group.addTask { await answer(stream, respond) } }
      } catch {
        // The connection has ended with an error, and its streams with it.
      }
    }
    channel.close(promise: nil)
  }

  private static func answer(_ stream: Stream, _ respond: @escaping HTTPChannelHandler.Responder) async {
    await withTaskCancellationHandler {
      try? await stream.executeThenClose { inbound, outbound in
        var parts = inbound.makeAsyncIterator()
        guard case .head(let head)? = try await parts.next() else { return }
        try await respond(
          Request(head: head, body: RequestBody(buffer: ByteBuffer())), ResponseWriter(outbound: outbound),
          stream.channel)
        // Closing would discard the data that the client's window does not admit yet.
        try await stream.channel.closeFuture.get()
      }
    } onCancel: {
      stream.channel.close(promise: nil)
    }
  }

  // MARK: Life of the connection

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    connection.end = { [weak self] in self?.end() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    connection.end = nil
  }

  func streamOpened() {
    openStreams += 1
    connection.deadline = nil
    connections.setBusy(connection)
  }

  func streamClosed() {
    openStreams -= 1
    guard openStreams == 0 else { return }
    if isEnding {
      context?.close(promise: nil)
    } else {
      connection.deadline = .now() + connections.limits.idle
      connections.setIdle(connection)
    }
  }

  /// Accepts no further streams, and closes the connection after the open ones.
  private func end() {
    guard let context, !isEnding else { return }
    isEnding = true
    let frame = HTTP2Frame(
      streamID: .rootStream, payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
    let written = context.writeAndFlush(wrapOutboundOut(frame))
    guard openStreams == 0 else { return }
    let channel = context.channel
    written.whenComplete { _ in channel.close(promise: nil) }
    // The client may not read the frame.
    context.eventLoop.scheduleTask(in: TimeAmount(connections.limits.linger)) { channel.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { end() }
    context.fireUserInboundEventTriggered(event)
  }

  /// The client violated the protocol; the reason was sent in a GOAWAY or RST_STREAM.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
