internal import API
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// What RFC 9112 asks of a connection beyond parsing: when it ends, what a request must have, and bodies nobody reads.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let limits: HTTPServer.Limits
  private let logger: Logger
  /// Requests whose header was read, and answers that were written.
  private var requests = 0
  private var answers = 0
  /// The request after whose answer the connection ends.
  private var last: Int?
  /// Requests of HTTP/1.0 that wait for their answers; it knows no chunks.
  private var oldRequests: Set<Int> = []
  /// Whether what comes in is not looked at any more.
  private var isDeaf = false
  /// A body for the answer that is being written, which has none of its own.
  private var addedBody: ByteBuffer?
  /// Whether the answer that is being written tells its length, or has begun its body.
  private var hasLengthOrBody = false
  private var stallTimer: Scheduled<Void>?
  /// Whether the client has finished sending, which ends an answer that has no end of its own.
  private var isInputClosed = false
  private var onEnd: (@Sendable () -> Void)?

  init(limits: HTTPServer.Limits, logger: Logger) {
    self.limits = limits
    self.logger = logger
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isDeaf { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      if (head.version.major, head.version.minor) >= (1, 1), head.headers["Host"].count != 1 {
        // RFC 9112 §3.2. As a parser's error it is answered in its turn, after the requests before it.
        isDeaf = true
        context.fireErrorCaught(HTTPParserError.unknown)
        return
      }
      requests += 1
      if (head.version.major, head.version.minor) < (1, 1) { oldRequests.insert(requests) }
      if !head.isKeepAlive || hasGreatBody(head) { last = requests }
      context.fireChannelRead(data)
    case .body:
      // No resource takes one.
      break
    case .end:
      isDeaf = last == requests
      context.fireChannelRead(data)
    }
  }

  /// Whether the body is too long, or may be, to be read for the sake of the next request.
  private func hasGreatBody(_ head: HTTPRequestHead) -> Bool {
    if head.headers.contains(name: "Transfer-Encoding") || head.headers.contains(name: "Expect") { return true }
    guard let length = head.headers.first(name: "Content-Length") else { return false }
    return (Int(length) ?? .max) > limits.body
  }

  // MARK: Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      // Hummingbird answers what it could not parse with an empty 400 and ends the connection.
      if head.status == .badRequest, head.headers.first(name: "Content-Length") == "0" {
        last = answers + 1
        addedBody = add(API.malformedRequest, to: &head)
      }
      if last == answers + 1 { head.headers.replaceOrAdd(name: "Connection", value: "close") }
      if head.headers[canonicalForm: "Connection"].contains("close") { last = min(last ?? .max, answers + 1) }
      hasLengthOrBody = head.headers.contains(name: "Content-Length")
      if oldRequests.remove(answers + 1) != nil, !hasLengthOrBody { head.version = .http1_0 }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body:
      hasLengthOrBody = true
      context.write(data, promise: promise)
    case .end:
      answers += 1
      if let addedBody { context.write(wrapOutboundOut(.body(.byteBuffer(addedBody))), promise: nil) }
      addedBody = nil
      guard let last, answers >= last else {
        context.write(data, promise: promise)
        return
      }
      if hasLengthOrBody {
        context.writeAndFlush(data, promise: promise)
      } else {
        // HEAD of what has no length: the encoder would end a chunked body that HEAD does not have.
        context.flush()
        promise?.succeed()
      }
      close(context)
    }
  }

  private func add(_ response: API.Response, to head: inout HTTPResponseHead) -> ByteBuffer {
    for (name, value) in response.headers { head.headers.replaceOrAdd(name: name, value: value) }
    return ByteBuffer(bytes: response.body)
  }

  /// Ends the connection so that the answer arrives: a close with unread bytes of the client's would reset it
  /// (RFC 9112 §9.6), hence first only this side's half.
  private func close(_ context: ChannelHandlerContext) {
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  // MARK: Clients that go away

  /// Calls `body` once the client has gone, or has finished sending; at once where it has already.
  static func onEnd(of channel: any Channel, _ body: @escaping @Sendable () -> Void) {
    channel.closeFuture.whenComplete { _ in body() }
    channel.eventLoop.execute {
      guard let handler = try? channel.pipeline.syncOperations.handler(type: ConnectionGuard.self) else { return }
      if handler.isInputClosed { body() } else { handler.onEnd = body }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      isInputClosed = true
      onEnd?()
      onEnd = nil
    }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Clients that take nothing

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stallTimer?.cancel()
    stallTimer = nil
    if !context.channel.isWritable {
      let channel = context.channel
      stallTimer = context.eventLoop.scheduleTask(in: limits.stalled) { [logger] in
        logger.debug("closing a connection whose client takes nothing")
        channel.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    stallTimer?.cancel()
    stallTimer = nil
    context.fireChannelInactive()
  }
}
