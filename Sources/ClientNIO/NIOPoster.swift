internal import ClientHTTP
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Posts on a persistent connection.
final class NIOPoster: Poster {
  private let target: PostTarget
  private let onDisconnect: @Sendable () -> Void
  private let connection = Mutex<Connection?>(nil)

  init(_ target: PostTarget, onDisconnect: @escaping @Sendable () -> Void) {
    self.target = target
    self.onDisconnect = onDisconnect
  }

  /// Posts a body; cancelling the task closes the connection.
  func post(_ body: [UInt8], fields: [(String, String)]) async throws(ClientFailure) -> HTTPAnswer {
    var headers = HTTPHeaders([("Host", target.authority), ("Content-Length", String(body.count))])
    for (name, value) in fields { headers.add(name: name, value: value) }
    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: target.target, headers: headers)
    var isRepeated = false
    if let kept = connection.withLock({ $0 }), kept.channel.isActive {
      do {
        return try await kept.send(head, body, target.limits)
      } catch {
        // A receiver may close an idle connection at any time; usually it has not seen the request then.
        guard error.isUnanswered, !Task.isCancelled else { throw ClientFailure(error.description) }
        isRepeated = true
      }
    }
    let fresh = try await connect()
    connection.withLock { $0 = fresh }
    do {
      var answer = try await fresh.send(head, body, target.limits)
      answer.isRepeated = isRepeated
      return answer
    } catch {
      throw fresh.tlsFailure.failure ?? ClientFailure(error.description)
    }
  }

  func close() {
    connection.withLock { connection in
      connection?.channel.close(promise: nil)
      connection = nil
    }
  }

  private func connect() async throws(ClientFailure) -> Connection {
    let failure = TLSFailure()
    do {
      return try await ClientConnection.open(
        to: target.server, tls: target.server.isSecure ? try secured() : nil, failure: failure,
        limit: target.limits.connect
      ) { [onDisconnect] channel in
        try channel.pipeline.syncOperations.addLimitedHTTPClientHandlers()
        let handler = ResponseHandler(onDisconnect: onDisconnect)
        try channel.pipeline.syncOperations.addHandler(handler)
        return Connection(
          channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), tlsFailure: failure)
      }
    } catch {
      throw failure.failure ?? ClientFailure(ClientConnection.line(of: error, limit: target.limits.connect))
    }
  }

  /// Read for each connection: an authority may be replaced.
  private func secured() throws -> ClientTLS {
    try ClientTLS(authorities: target.authorities, option: target.authorityOption)
  }

  /// A connection with its pending response.
  private struct Connection: Sendable {
    let channel: any Channel
    let handler: NIOLoopBound<ResponseHandler>
    let tlsFailure: TLSFailure

    func send(_ head: HTTPRequestHead, _ body: [UInt8], _ limits: PostLimits) async throws(RequestFailure)
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
    let limits: PostLimits
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

  func begin(_ promise: EventLoopPromise<HTTPAnswer>, _ limits: PostLimits, on channel: any Channel) {
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
    // Closing calls `channelInactive`, which would fail the request for another reason.
    let request = request
    self.request = nil
    channel?.close(promise: nil)
    request?.timer.cancel()
    request?.promise.fail(RequestFailure(description: reason, isUnanswered: isUnanswered))
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
