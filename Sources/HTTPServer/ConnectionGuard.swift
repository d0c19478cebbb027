internal import API
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import ServerCore

/// Enforces RFC 9112 beyond parsing (Host, Connection, unread bodies) and a connection's deadlines.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let limits: ConnectionLimits
  private let logger: Logger
  private let connections: Connections
  let channel: any Channel
  /// Client of the connection, for the limit per client.
  let client: ClientAddress
  /// Neighbors in the list of idle connections, managed by ``Connections``.
  var idleLinks = Connections.Links()
  /// Time at which the connection is closed unless something happens; nil while a response is created or sent.
  private(set) var deadline: NIODeadline?
  /// Time at which the client stopped reading; nil while it reads.
  private(set) var stalledSince: NIODeadline?
  /// Deadline for a request's body; nil where none is being read.
  private var bodyDeadline: NIODeadline?
  /// Whether the last response was sent and the connection only waits for the client to close.
  private var isEnding = false
  /// Bytes reserved for the response being written; released at its end.
  private var heldBytes = 0
  /// Number of headers read, and of responses written.
  private var requests = 0
  private var answers = 0
  /// Number of the last request; the connection ends after its response.
  private var last: Int?
  /// HTTP/1.0 requests that await their responses; HTTP/1.0 has no chunks.
  private var oldRequests: Set<Int> = []
  /// Whether further input is ignored.
  private var isDeaf = false
  /// Body for the response being written, which has none of its own.
  private var addedBody: ByteBuffer?
  /// Whether the response being written has a length, or has begun its body.
  private var hasLengthOrBody = false
  /// Whether the client has finished sending, which ends an endless response.
  private var isInputClosed = false
  private var onEnd: (@Sendable () -> Void)?

  init(channel: any Channel, client: ClientAddress, connections: Connections, logger: Logger) {
    self.channel = channel
    self.client = client
    self.connections = connections
    self.limits = connections.limits
    self.logger = logger
    deadline = .now() + limits.header.time
  }

  func handlerAdded(context: ChannelHandlerContext) {
    connections.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    connections.remove(self)
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isDeaf { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      if (head.version.major, head.version.minor) >= (1, 1), head.headers["Host"].count != 1 {
        // RFC 9112 §3.2. Like a parser error, it is answered after the preceding requests.
        isDeaf = true
        context.fireErrorCaught(HTTPParserError.unknown)
        return
      }
      requests += 1
      bodyDeadline = .now() + limits.body.time
      deadline = nil
      connections.setBusy(self)
      if (head.version.major, head.version.minor) < (1, 1) { oldRequests.insert(requests) }
      if !head.isKeepAlive || hasGreatBody(head) { last = requests }
      context.fireChannelRead(data)
    case .body:
      // No resource accepts a body.
      break
    case .end:
      isDeaf = last == requests
      bodyDeadline = nil
      updateDeadline()
      context.fireChannelRead(data)
    }
  }

  /// Whether the body is, or may be, too long to be discarded for the sake of the next request.
  private func hasGreatBody(_ head: HTTPRequestHead) -> Bool {
    if head.headers.contains(name: "Transfer-Encoding") || head.headers.contains(name: "Expect") { return true }
    guard let length = head.headers.first(name: "Content-Length") else { return false }
    return (Int(length) ?? .max) > limits.body.bytes
  }

  // MARK: Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      // Hummingbird answers a malformed request with an empty 400 and closes the connection.
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
      let promise = releasing(promise, context)
      guard let last, answers >= last else {
        context.write(data, promise: promise)
        updateDeadline()
        return
      }
      if hasLengthOrBody {
        context.writeAndFlush(data, promise: promise)
      } else {
        // HEAD of an endless body: the encoder would end a chunked body that HEAD does not have.
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

  /// Closes the connection so that the response arrives: closing with unread bytes would reset it (RFC 9112 §9.6), so
  /// only the sending half is closed at first.
  private func close(_ context: ChannelHandlerContext) {
    isEnding = true
    updateDeadline()
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  // MARK: Clients that go away

  /// Calls `body` once the client has disconnected or finished sending; immediately if it already has.
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

  // MARK: Deadlines

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stalledSince = context.channel.isWritable ? nil : .now()
    updateDeadline()
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    connections.remove(self)
    context.fireChannelInactive()
  }

  /// Updates the deadline after a change of state, and moves the connection to or from the idle ones.
  private func updateDeadline() {
    if isEnding {
      // Closed by its own timer, not in favor of a new connection.
      connections.setBusy(self)
      deadline = stalledSince.map { $0 + limits.stalled }
      return
    }
    let isAnswering = answers < requests
    if let stalledSince {
      deadline = stalledSince + limits.stalled
    } else if isAnswering {
      deadline = nil
    } else {
      // The body may still arrive after its response.
      deadline = bodyDeadline ?? .now() + limits.idle
    }
    if !isAnswering { connections.setIdle(self) }
  }

  /// Closes the connection if its deadline has passed.
  func closeIfOverdue(at now: NIODeadline) {
    guard let deadline, deadline <= now else { return }
    logger.debug(
      stalledSince == nil
        ? "closing a connection without a request in time" : "closing a connection whose client does not read")
    channel.close(promise: nil)
  }

  // MARK: Memory

  /// Reserves memory for a response; false where other responses hold too much.
  ///
  /// Must be called off the event loop. Fast clients release memory soon, so it retries for two seconds.
  static func hold(_ bytes: Int, for channel: any Channel) async throws -> Bool {
    for attempt in 0...20 {
      let isHeld = try await channel.eventLoop.submit {
        // A closed connection would never release it; its write fails.
        guard channel.isActive,
          let handler = try? channel.pipeline.syncOperations.handler(type: ConnectionGuard.self)
        else { return true }
        guard handler.connections.hold(bytes) else { return false }
        handler.heldBytes += bytes
        return true
      }.get()
      if isHeld { return true }
      if attempt < 20 { try await Task.sleep(for: .milliseconds(100)) }
    }
    return false
  }

  /// Returns the memory reserved for a response that will not be completed, and clears it.
  func takeHeldBytes() -> Int {
    defer { heldBytes = 0 }
    return heldBytes
  }

  /// Creates a promise that releases the memory at the end of a response, whether sent or failed.
  private func releasing(
    _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
  ) -> EventLoopPromise<Void>? {
    guard heldBytes > 0 else { return promise }
    let promise = promise ?? context.eventLoop.makePromise()
    let (bytes, connections) = (heldBytes, NIOLoopBound(connections, eventLoop: context.eventLoop))
    heldBytes = 0
    promise.futureResult.whenComplete { _ in connections.value.release(bytes) }
    return promise
  }
}
