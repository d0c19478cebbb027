internal import API
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes
internal import ServerCore

/// Enforces limits and deadlines of one HTTP/2 stream, which carries one request and its response.
final class StreamGuard: ChannelDuplexHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  let response: ResponseChannel
  private let connection: HTTP2Guard
  private let connections: Connections
  private var limits: ConnectionLimits { connections.limits }
  /// Time at which the stream is reset unless something happens; nil while a response is created or sent.
  private(set) var deadline: NIODeadline?
  private var bodyDeadline: NIODeadline?
  /// Time for the end of a response, which the client's window may hold back: a short one leaves the channel writable.
  private var endDeadline: NIODeadline?
  /// Whether the deadline is one for the client to read.
  var isStalled: Bool { response.stalledSince != nil || endDeadline != nil }
  private var isRequestComplete = false
  /// Whether the request was answered here, and its further parts are ignored.
  private var isRefused = false
  /// Whether the stream counts towards the limits.
  private var isAdmitted = false

  init(channel: any Channel, connection: HTTP2Guard, connections: Connections) {
    self.connection = connection
    self.connections = connections
    response = ResponseChannel(channel, connections)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    connections.add(response)
    isAdmitted = connections.admitStream(self, of: connection.client)
    connection.streamOpened()
    bodyDeadline = .now() + limits.body.time
    deadline = bodyDeadline
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    connections.remove(response)
    if isAdmitted { connections.removeStream(self, of: connection.client) }
    connection.streamClosed()
  }

  // MARK: Request

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(var head):
      guard isAdmitted else { return refuse(API.noConnection, context) }
      guard Self.adopt(&head, limits.header) else { return refuse(API.malformedRequest, context) }
      context.fireChannelRead(wrapInboundOut(.head(head)))
    case .body:
      // No resource accepts a body.
      break
    case .end:
      isRequestComplete = true
      updateDeadline()
      if !isRefused { context.fireChannelRead(data) }
    }
  }

  /// Whether a head is acceptable (RFC 9113 §8.3.1): one authority, with which a Host field must agree.
  private static func adopt(_ head: inout HTTPRequest, _ limits: ConnectionLimits.Header) -> Bool {
    guard head.headerFields.count <= limits.fields else { return false }
    let hosts = head.headerFields.filter { $0.name.canonicalName == "host" }.map(\.value)
    if let authority = head.authority {
      guard hosts.allSatisfy({ $0 == authority }) else { return false }
    } else {
      guard hosts.count == 1 else { return false }
      head.authority = hosts[0]
    }
    head.headerFields.removeAll { $0.name.canonicalName == "host" }
    return head.authority?.isEmpty == false
  }

  private func refuse(_ answer: API.Response, _ context: ChannelHandlerContext) {
    isRefused = true
    write(context: context, data: wrapOutboundOut(.head(HTTPServer.head(of: answer))), promise: nil)
    write(context: context, data: wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
    write(context: context, data: wrapOutboundOut(.end(nil)), promise: nil)
    context.flush()
  }

  // MARK: Response

  /// Fields that HTTP/2 forbids, since they concern one HTTP/1.1 connection (RFC 9113 §8.2.2).
  private static let connectionFields: [HTTPField.Name] = [.connection, .transferEncoding, .upgrade]

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      for name in Self.connectionFields { head.headerFields[name] = nil }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      let promise = response.releasing(promise) ?? context.eventLoop.makePromise()
      let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
      // The rest of the request's body is not wanted.
      promise.futureResult.whenComplete { _ in if !handler.value.isRequestComplete { handler.value.close() } }
      context.write(data, promise: promise)
      endDeadline = .now() + limits.stalled
      updateDeadline()
    }
  }

  // MARK: Deadlines

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    response.updateWritability()
    updateDeadline()
    context.fireChannelWritabilityChanged()
  }

  private func updateDeadline() {
    let stalled = response.stalledSince.map { $0 + limits.stalled } ?? endDeadline
    deadline = stalled ?? (isRequestComplete ? nil : bodyDeadline)
  }

  /// Resets the stream.
  func close() {
    response.channel.close(promise: nil)
  }
}
