import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A scripted receiver on a free loopback port, which records accepted requests.
final class FakeReceiver: Sendable {
  /// Behavior for a request.
  enum Behaviour: Sendable {
    case answer(Int, [(String, String)] = [], String = "")
    /// Reads without responding.
    case hang
    /// Closes the connection.
    case cut
    /// An endless response.
    case endless
  }

  struct Request: Sendable {
    let number: Int
    let target: String
    let headers: HTTPHeaders
    let body: [UInt8]

    /// The decoded body, of either version.
    func received() throws -> Received {
      let bytes = try Received.uncompress(body)
      return headers.first(name: "X-Prometheus-Remote-Write-Version") == "2.0.0"
        ? try Received(version2: bytes) : try Received(version1: bytes)
    }
  }

  /// An accepted value.
  struct Point: Hashable {
    let series: String
    let milliseconds: Int64
    let bits: UInt64
  }

  private struct State {
    var requests: [Request] = []
    var points: [Point] = []
    var bytesOut = 0
    var connections = 0
    var channels: [any Channel] = []
  }

  private let state = Mutex(State())
  private let channel: any Channel
  let port: Int

  /// - Parameter script: determines the behavior for each request; those answered with 2xx are accepted.
  init(
    port: Int = 0, tls: NIOSSLContext? = nil, _ script: @escaping @Sendable (Request) -> Behaviour
  ) async throws {
    let state = WeakState()
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(state, script))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    self.port = channel.localAddress?.port ?? 0
    state.receiver.withLock { $0 = self }
  }

  /// All requests so far.
  var requests: [Request] { state.withLock { $0.requests } }
  /// All accepted values, in order of arrival.
  var points: [Point] { state.withLock { $0.points } }
  /// Bytes written of endless responses.
  var bytesOut: Int { state.withLock { $0.bytesOut } }
  var connections: Int { state.withLock { $0.connections } }

  /// Stops listening; connections stay open.
  func close() async {
    try? await channel.close()
  }

  /// Closes all connections.
  func disconnect() async {
    let channels = state.withLock { state in
      defer { state.channels = [] }
      return state.channels
    }
    for channel in channels { try? await channel.close() }
  }

  private final class WeakState: Sendable {
    let receiver = Mutex<FakeReceiver?>(nil)
  }

  private func take(_ head: HTTPRequestHead, _ body: [UInt8]) -> Request {
    state.withLock { state in
      let request = Request(number: state.requests.count, target: head.uri, headers: head.headers, body: body)
      state.requests.append(request)
      return request
    }
  }

  private func keep(_ request: Request) {
    guard let received = try? request.received() else { return }
    let points = received.series.flatMap { series in
      series.points.map { Point(series: series.text, milliseconds: $0.milliseconds, bits: $0.bits) }
    }
    state.withLock { $0.points += points }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    let owner: WeakState
    let script: @Sendable (Request) -> Behaviour
    var head: HTTPRequestHead?
    var body: [UInt8] = []

    init(_ owner: WeakState, _ script: @escaping @Sendable (Request) -> Behaviour) {
      self.owner = owner
      self.script = script
    }

    func channelActive(context: ChannelHandlerContext) {
      owner.receiver.withLock { $0 }?.state.withLock { state in
        state.connections += 1
        state.channels.append(context.channel)
      }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body = []
      case .body(let buffer): body += buffer.readableBytesView
      case .end:
        guard let receiver = owner.receiver.withLock({ $0 }), let head else { return }
        let request = receiver.take(head, body)
        switch script(request) {
        case .answer(let status, let headers, let text):
          if (200..<300).contains(status) { receiver.keep(request) }
          var headers = HTTPHeaders(headers)
          headers.add(name: "Content-Length", value: String(text.utf8.count))
          let status = HTTPResponseStatus(statusCode: status)
          context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
          context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
          context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .hang: break
        case .cut: context.close(promise: nil)
        case .endless:
          context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: 500)))), promise: nil)
          writeOn(context)
        }
      }
    }

    private func writeOn(_ context: ChannelHandlerContext) {
      let count = 1 << 16
      owner.receiver.withLock { $0 }?.state.withLock { $0.bytesOut += count }
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(repeating: 0x41, count: count)))))
        .whenSuccess { bound.value.0.writeOn(bound.value.1) }
    }
  }
}
