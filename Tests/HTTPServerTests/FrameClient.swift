import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// A frame of HTTP/2 (RFC 9113 §4.1) that a test sends.
struct Frame {
  enum Kind: UInt8 {
    case data, headers, priority, reset, settings, push, ping, goAway, window, continuation
  }
  static let (endStream, endHeaders) = (UInt8(1), UInt8(4))

  let kind: Kind
  var flags: UInt8 = 0
  var stream = 0
  var payload: [UInt8] = []

  var bytes: [UInt8] {
    var bytes = Array(Self.number(payload.count).dropFirst())
    bytes += [kind.rawValue, flags]
    bytes += Self.number(stream)
    return bytes + payload
  }

  static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 0xFF) } }

  /// A GET request.
  static func head(
    _ path: String, stream: Int, authority: String? = "localhost", more: [(String, String)] = [], isEnd: Bool = true
  ) -> Frame {
    let pseudo = [(":method", "GET"), (":scheme", "https"), (":path", path)]
    let named = authority.map { [(":authority", $0)] } ?? []
    let block = block(pseudo + named + more)
    return Frame(
      kind: .headers, flags: endHeaders | (isEnd ? endStream : 0), stream: stream, payload: block)
  }

  static func reset(_ stream: Int) -> Frame { Frame(kind: .reset, stream: stream, payload: number(8)) }
  static let ping = Frame(kind: .ping, payload: Array("12345678".utf8))

  /// Literals without indexing (RFC 7541 §6.2.2), each shorter than 127 bytes.
  private static func block(_ fields: [(String, String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += [0, UInt8(name.utf8.count)]
      bytes += name.utf8
      bytes.append(UInt8(value.utf8.count))
      bytes += value.utf8
    }
    return bytes
  }
}

/// Floods of frames, by the frame's number.
enum FrameFlood: CaseIterable {
  case resets, settings, pings, continuations, emptyData, streams

  func bytes(_ count: Int) -> [UInt8] {
    let stream = 2 * count + 1
    return switch self {
    case .resets: Frame.head("/health", stream: stream).bytes + Frame.reset(stream).bytes
    case .settings: Frame(kind: .settings).bytes
    case .pings: Frame.ping.bytes
    case .continuations:
      count == 0
        ? Frame(kind: .headers, flags: Frame.endStream, stream: 1).bytes : Frame(kind: .continuation, stream: 1).bytes
    case .emptyData:
      count == 0 ? Frame.head("/health", stream: 1, isEnd: false).bytes : Frame(kind: .data, stream: 1).bytes
    // Beyond the announced number of streams.
    case .streams: Frame.head("/metrics/stream", stream: stream).bytes
    }
  }
}

/// A TLS client that sends and receives frames.
final class FrameClient: Sendable {
  /// The status of a response, as far as tests need it.
  enum Status {
    case ok, badRequest, other
  }
  enum End {
    case stream, reset, connection
    /// Not yet.
    case none
  }
  struct Answer {
    var status: Status?
    var body = ""
    var end = End.none
  }

  private struct Received {
    var bytes: [UInt8] = []
    var answers: [Int: Answer] = [:]
    var isClosed = false
  }

  /// The protocol that the server chose.
  let version: String?
  private let channel: any Channel
  private let received: Mutex<Received>
  private let changes: AsyncStream<Void>

  /// Connects and completes the handshake.
  init(port: UInt16, protocols: [String] = ["h2"], preface: Bool = true) async throws {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    configuration.applicationProtocols = protocols
    let context = try NIOSSLContext(configuration: configuration)
    let (changes, continuation) = AsyncStream.makeStream(of: Void.self)
    self.changes = changes
    let handshake = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: String?.self)
    let box = FrameReceiver(handshake: handshake, changed: { continuation.yield() })
    received = Mutex(Received())
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandlers([
          try NIOSSLClientHandler(context: context, serverHostname: nil), FrameHandler(box),
        ])
      }
    }.connect(host: "127.0.0.1", port: Int(port)).get()
    version = try await handshake.futureResult.get()
    self.box = box
    guard preface else { return }
    write(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame(kind: .settings).bytes)
    // Room for all responses on the connection.
    send(Frame(kind: .window, payload: Frame.number(1 << 30)))
  }

  private let box: FrameReceiver

  func write(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
  func send(_ frame: Frame) { write(frame.bytes) }

  /// Waits for the answer on a stream, or for a part of its body; stream 0 for the first frame of the connection, and
  /// -1 for its end.
  func answer(_ stream: Int, until part: String? = nil) async -> Answer {
    while true {
      let (answer, isClosed) = take(stream)
      if answer.end != .none || part.map({ answer.body.contains($0) }) == true { return answer }
      if isClosed { return Answer(status: answer.status, body: answer.body, end: .connection) }
      await wait()
    }
  }

  /// Everything that the server sends until it closes the connection.
  func text() async -> String {
    while !box.state.withLock({ $0.isClosed }) { await wait() }
    return String(decoding: box.state.withLock { $0.bytes }, as: UTF8.self)
  }

  private func wait() async {
    for await _ in changes { return }
  }

  private func take(_ stream: Int) -> (Answer, Bool) {
    let (bytes, isClosed) = box.state.withLock { state in
      defer { state.bytes = [] }
      return (state.bytes, state.isClosed)
    }
    return received.withLock { received in
      received.bytes += bytes
      Self.parse(&received)
      return (received.answers[stream] ?? Answer(), isClosed)
    }
  }

  private static func parse(_ received: inout Received) {
    var position = 0
    let bytes = received.bytes
    func number(_ start: Int, _ count: Int) -> Int { bytes[start..<start + count].reduce(0) { $0 << 8 | Int($1) } }
    while bytes.count >= position + 9 {
      let size = number(position, 3)
      guard bytes.count >= position + 9 + size else { break }
      let (kind, flags, stream) = (bytes[position + 3], bytes[position + 4], number(position + 5, 4))
      let payload = bytes[(position + 9)..<(position + 9 + size)]
      position += 9 + size
      var answer = received.answers[stream] ?? Answer()
      switch Frame.Kind(rawValue: kind) {
      // An index of the static table (RFC 7541 Appendix A).
      case .headers: answer.status = payload.first == 0x88 ? .ok : payload.first == 0x8C ? .badRequest : .other
      case .data: answer.body += String(decoding: payload, as: UTF8.self)
      case .reset: answer.end = .reset
      case _ where stream == 0: answer.end = .stream
      default: break
      }
      if (kind == Frame.Kind.headers.rawValue || kind == 0) && flags & Frame.endStream != 0 { answer.end = .stream }
      received.answers[stream] = answer
    }
    received.bytes.removeFirst(position)
  }

  func close() async { try? await channel.close() }
}

/// What a connection has received.
private final class FrameReceiver: Sendable {
  struct State {
    var bytes: [UInt8] = []
    var isClosed = false
  }
  let state = Mutex(State())
  let handshake: EventLoopPromise<String?>
  let changed: @Sendable () -> Void

  init(handshake: EventLoopPromise<String?>, changed: @escaping @Sendable () -> Void) {
    self.handshake = handshake
    self.changed = changed
  }
}

private final class FrameHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let box: FrameReceiver
  private var isComplete = false

  init(_ box: FrameReceiver) { self.box = box }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Array(unwrapInboundIn(data).readableBytesView)
    box.state.withLock { $0.bytes += bytes }
    box.changed()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let version)? = event as? TLSUserEvent, !isComplete {
      isComplete = true
      box.handshake.succeed(version)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    if !isComplete { box.handshake.fail(ChannelError.eof) }
    isComplete = true
    box.state.withLock { $0.isClosed = true }
    box.changed()
  }
}
