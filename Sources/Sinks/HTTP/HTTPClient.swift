internal import ClientHTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Synchronization

/// Response of a receiver.
struct HTTPAnswer: Sendable {
  let status: Int
  /// Fields by lower-case name; the first of equal names.
  let headers: [String: String]
  /// Beginning of the body.
  let body: [UInt8]
  /// Whether the request was sent twice, since the first connection was cut.
  var isRepeated = false

  /// Beginning of the body as text.
  var text: String { String(decoding: body, as: UTF8.self) }
}

/// Reason of a missing response, in one line.
struct HTTPFailure: Error, Sendable, CustomStringConvertible {
  let description: String
}

/// HTTP/1.1 client that posts to one URL, one request at a time, on a persistent connection.
///
/// Independent of the receiver's behavior it takes at most ``ClientLimits/time`` and keeps at most
/// ``ClientLimits/text`` of the response.
final class HTTPClient: Sendable {
  /// Limits for the receiver.
  struct ClientLimits: Sendable, Hashable {
    /// Seconds for connecting.
    var connect = 10.0
    /// Seconds from the connection to the end of the response.
    var time = 30.0
    /// Maximum bytes kept of the response's body.
    var text = 2_048
    /// Maximum bytes of the response's body before the connection is closed.
    var body = 65_536
  }

  private let url: PushURL
  private let limits: ClientLimits
  /// File with CA certificates used to verify the receiver; nil for the system's.
  private let authorities: String?
  private let group: any EventLoopGroup
  /// Called when the receiver closes a connection that it kept open after a response, as it does when it is stopped.
  private let onDisconnect: @Sendable () -> Void
  private let connection = Mutex<Connection?>(nil)
  private let tls = Mutex<NIOSSLContext?>(nil)

  init(
    url: PushURL, authorities: String?, limits: ClientLimits = ClientLimits(), group: any EventLoopGroup,
    onDisconnect: @escaping @Sendable () -> Void = {}
  ) {
    self.url = url
    self.authorities = authorities
    self.limits = limits
    self.group = group
    self.onDisconnect = onDisconnect
  }

  /// Posts a body; cancelling the task closes the connection.
  func post(_ body: [UInt8], headers: [(String, String)]) async throws(HTTPFailure) -> HTTPAnswer {
    var fields = HTTPHeaders([("Host", url.authority), ("Content-Length", String(body.count))])
    for (name, value) in headers { fields.add(name: name, value: value) }
    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: url.target, headers: fields)
    var isRepeated = false
    if let kept = connection.withLock({ $0 }), kept.channel.isActive {
      do {
        return try await kept.send(head, body, limits)
      } catch {
        // A receiver may close an idle connection at any time; usually it has not seen the request then.
        guard error.isUnanswered, !Task.isCancelled else { throw HTTPFailure(description: error.description) }
        isRepeated = true
      }
    }
    let fresh = try await connect()
    connection.withLock { $0 = fresh }
    do {
      var answer = try await fresh.send(head, body, limits)
      answer.isRepeated = isRepeated
      return answer
    } catch {
      throw HTTPFailure(description: error.description)
    }
  }

  func close() {
    connection.withLock { connection in
      connection?.channel.close(promise: nil)
      connection = nil
    }
  }

  private func connect() async throws(HTTPFailure) -> Connection {
    do {
      return try await ClientConnection.open(
        to: url.server, context: url.server.isSecure ? try secured() : nil, limit: limits.connect, group: group
      ) { [onDisconnect] channel in
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        let handler = ResponseHandler(onDisconnect: onDisconnect)
        try channel.pipeline.syncOperations.addHandler(handler)
        return Connection(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
      }
    } catch {
      throw HTTPFailure(description: ClientConnection.line(of: error, limit: limits.connect))
    }
  }

  private func secured() throws -> NIOSSLContext {
    if let known = tls.withLock({ $0 }) { return known }
    let context = try ClientConnection.context(authorities: authorities)
    tls.withLock { $0 = context }
    return context
  }

  /// A connection with its pending response.
  private struct Connection: Sendable {
    let channel: any Channel
    let handler: NIOLoopBound<ResponseHandler>

    func send(_ head: HTTPRequestHead, _ body: [UInt8], _ limits: ClientLimits) async throws(RequestFailure)
      -> HTTPAnswer
    {
      let promise = channel.eventLoop.makePromise(of: HTTPAnswer.self)
      do {
        return try await withTaskCancellationHandler {
          channel.eventLoop.execute {
            let buffer = channel.allocator.buffer(bytes: body)
            handler.value.begin(promise, limits, on: channel)
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            channel.write(HTTPClientRequestPart.body(.byteBuffer(buffer)), promise: nil)
            channel.writeAndFlush(HTTPClientRequestPart.end(nil)).whenFailure { error in
              handler.value.fail(error)
            }
          }
          return try await promise.futureResult.get()
        } onCancel: {
          channel.close(promise: nil)
        }
      } catch let failure as RequestFailure {
        throw failure
      } catch {
        throw RequestFailure(description: ClientConnection.line(of: error, limit: limits.connect), isUnanswered: false)
      }
    }
  }
}

/// Reason of a failed request, and whether no byte of the response was received.
private struct RequestFailure: Error, CustomStringConvertible {
  let description: String
  let isUnanswered: Bool
}

/// Receives the responses to successive requests; confined to the event loop.
private final class ResponseHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private struct PostRequest {
    let promise: EventLoopPromise<HTTPAnswer>
    let limits: HTTPClient.ClientLimits
    let timer: Scheduled<Void>
    var head: HTTPResponseHead?
    var text: [UInt8] = []
    var count = 0
  }

  private var request: PostRequest?
  private weak var channel: (any Channel)?
  private let onDisconnect: @Sendable () -> Void
  /// Whether the last response left the connection open.
  private var isKept = false

  init(onDisconnect: @escaping @Sendable () -> Void) {
    self.onDisconnect = onDisconnect
  }

  func begin(_ promise: EventLoopPromise<HTTPAnswer>, _ limits: HTTPClient.ClientLimits, on channel: any Channel) {
    self.channel = channel
    isKept = false
    guard request == nil else {
      promise.fail(RequestFailure(description: "a request is under way", isUnanswered: false))
      return
    }
    let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
    let timer = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(limits.time * 1_000))) {
      // The response is incomplete, but its head and beginning are known.
      if !bound.value.finish(closing: true) {
        bound.value.fail("no answer in \(Int(limits.time)) s", isUnanswered: false)
      }
    }
    request = PostRequest(promise: promise, limits: limits, timer: timer)
  }

  func fail(_ error: any Error) {
    let limit = request?.limits.connect ?? 0
    fail(ClientConnection.line(of: error, limit: limit), isUnanswered: request?.head == nil)
  }

  private func fail(_ reason: String, isUnanswered: Bool) {
    isKept = false
    channel?.close(promise: nil)
    guard let request else { return }
    self.request = nil
    request.timer.cancel()
    request.promise.fail(RequestFailure(description: reason, isUnanswered: isUnanswered))
  }

  /// Delivers the response as far as it was received; returns false without its head.
  @discardableResult
  private func finish(closing: Bool) -> Bool {
    guard let request, let head = request.head else { return false }
    self.request = nil
    request.timer.cancel()
    isKept = !closing && head.isKeepAlive
    if !isKept { channel?.close(promise: nil) }
    var headers: [String: String] = [:]
    for (name, value) in head.headers where headers[name.lowercased()] == nil { headers[name.lowercased()] = value }
    request.promise.succeed(
      HTTPAnswer(
        status: Int(head.status.code), headers: headers, body: request.text))
    return true
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      if request == nil { context.close(promise: nil) }
      request?.head = head
    case .body(let buffer):
      guard var current = request else { return }
      let room = current.limits.text - current.text.count
      if room > 0 { current.text.append(contentsOf: buffer.readableBytesView.prefix(room)) }
      current.count += buffer.readableBytes
      request = current
      if current.count > current.limits.body { finish(closing: true) }
    case .end: finish(closing: false)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if isKept { onDisconnect() }
    if !finish(closing: true) {
      fail("the connection was cut", isUnanswered: true)
    }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if !finish(closing: true) { fail(error) }
    context.close(promise: nil)
  }
}
