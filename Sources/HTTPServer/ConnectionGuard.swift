internal import API
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
  private let connections: Connections
  private let connection: OpenConnection
  let response: ResponseChannel
  /// Deadline for a request's body; nil where none is being read.
  private var bodyDeadline: NIODeadline?
  /// Whether the last response was sent and the connection only waits for the client to close.
  private var isEnding = false
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

  init(_ connection: OpenConnection, connections: Connections) {
    self.connection = connection
    self.connections = connections
    self.limits = connections.limits
    response = ResponseChannel(connection.channel, connections)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    connections.add(response)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    connections.remove(response)
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
      connection.deadline = nil
      connections.setBusy(connection)
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
      let promise = response.releasing(promise)
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
    context.eventLoop.scheduleTask(in: TimeAmount(limits.linger)) { channel.close(promise: nil) }
  }

  // MARK: Clients that go away

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      response.closeInput()
    }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Deadlines

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    response.updateWritability()
    updateDeadline()
    context.fireChannelWritabilityChanged()
  }

  /// Updates the deadline after a change of state, and moves the connection to or from the idle ones.
  private func updateDeadline() {
    let stalled = response.stalledSince.map { $0 + limits.stalled }
    connection.isStalled = stalled != nil
    if isEnding {
      // Closed by its own timer, not in favor of a new connection.
      connections.setBusy(connection)
      connection.deadline = stalled
      return
    }
    let isAnswering = answers < requests
    if let stalled {
      connection.deadline = stalled
    } else if isAnswering {
      connection.deadline = nil
    } else {
      // The body may still arrive after its response.
      connection.deadline = bodyDeadline ?? .now() + limits.idle
    }
    if !isAnswering { connections.setIdle(connection) }
  }
}
