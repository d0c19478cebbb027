public import API
internal import HTTPTypes
internal import HummingbirdCore
public import Logging
internal import NIOCore
internal import NIOPosix
internal import SystemIO

/// The API on a TCP port: HTTP/1.1 by Hummingbird, without its router, on one thread of its own.
public struct HTTPServer: Sendable {
  /// Why the server does not listen, in one line: `127.0.0.1:8080: the port is in use`.
  public struct Failure: Error, CustomStringConvertible {
    /// The line.
    public let description: String
  }

  /// What a client may use up.
  struct Limits: Sendable {
    /// Bytes of a request's header, the target included.
    var header = 32 * 1_024
    /// Header fields of a request.
    var headerFields = 128
    /// Bytes of a request's body that are read and thrown away for the sake of the connection.
    var body = 64 * 1_024
    /// How long a connection may take to send a request's header, or to send the next one.
    var idle = TimeAmount.seconds(60)
    /// How long a client may take none of an answer.
    var stalled = TimeAmount.seconds(30)
    /// Connections at a time; further ones wait in the backlog.
    var connections = 256
  }

  private let api: API
  private let host: String
  private let port: Int
  private let logger: Logger
  private let prepared = PreparedResponses()
  var limits = Limits()

  /// A server that does not listen yet.
  ///
  /// - Parameters:
  ///   - host: an IPv4 or IPv6 address of this machine, or a name of one.
  ///   - port: the port; 0 lets the system choose a free one.
  public init(api: API, host: String, port: Int, logger: Logger) {
    self.api = api
    self.host = host
    self.port = port
    self.logger = logger
  }

  /// Listens and answers until its task is cancelled; then it ends within half a second.
  ///
  /// - Parameter listening: gets the server's URL, `http://127.0.0.1:8080`, once it listens.
  /// - Throws: ``Failure`` where it cannot listen.
  public func run(_ listening: @escaping @Sendable (String) -> Void) async throws {
    // One thread is enough for JSON, and costs the least while nobody asks.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = Server(
      childChannelSetup: ConnectionChannel(limits: limits, responder: respond),
      configuration: ServerConfiguration(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: .maximum(limits.connections, logger: quietLogger)),
      onServerRunning: { channel in listening(Self.url(of: channel.localAddress)) },
      eventLoopGroup: group,
      logger: quietLogger)
    // Not a child of this task: its cancellation would cut off answers that are under way.
    let running = Task { try await server.run() }
    let result = await withTaskCancellationHandler {
      await running.result
    } onCancel: {
      Task { await Self.end(server, running) }
    }
    try? await group.shutdownGracefully()
    if case .failure(let error) = result, !Task.isCancelled { throw failure(error) }
  }

  /// Closes idle connections at once and the others after their answer, or when a third of a second has passed.
  private static func end(_ server: Server<ConnectionChannel>, _ running: Task<Void, any Error>) async {
    let ending = Task { try await server.shutdownGracefully() }
    let deadline = Task {
      try await Task.sleep(for: .milliseconds(300))
      // Ends the connections' tasks and with them what waits: for a first sample, or for a client that takes nothing.
      running.cancel()
    }
    _ = await running.result
    _ = await ending.result
    deadline.cancel()
  }

  @Sendable private func respond(
    to request: HummingbirdCore.Request, writer: consuming ResponseWriter, channel: any Channel
  ) async throws {
    let response = await api.respond(
      to: API.Request(
        method: request.method.rawValue, target: request.head.path ?? "", headers: Self.fields(of: request.head),
        isLocal: Self.isLoopback(channel.parent?.localAddress)))
    if let (head, body) = prepared.response(response.identity) {
      try await writer.write(response: Self.dated(head), body: ResponseBody(byteBuffer: body))
      return
    }
    var head = HTTPResponse(status: HTTPResponse.Status(code: response.status))
    for (name, value) in response.headers {
      if let name = HTTPField.Name(name) { head.headerFields.append(HTTPField(name: name, value: value)) }
    }
    let undated = head
    head = Self.dated(head)
    if let events = response.events {
      try await send(events, head, writer, channel)
      return
    }
    guard let pieces = response.pieces, !pieces.isEmpty else {
      // HEAD of what has no end; how long its body is cannot be told, nor where it is.
      if response.status == 200, head.headerFields[.contentLength] == nil { head.headerFields[.connection] = "close" }
      try await writer.writeResponse(head)
      return
    }
    let count = response.count
    if count <= Self.whole {
      var buffer = ByteBufferAllocator().buffer(capacity: count)
      for piece in pieces { buffer.writeBytes(piece) }
      if let identity = response.identity { prepared.keep(undated, buffer, as: identity) }
      try await writer.write(response: head, body: ResponseBody(byteBuffer: buffer))
      return
    }
    // A long history goes out as fast as the client takes it, and is never in memory a second time as a whole.
    try await writer.write(
      response: head,
      body: ResponseBody(contentLength: count) { writer in
        // Used in turn: when one is wanted again it has gone out, and its memory needs not be asked for anew.
        var buffers = (0..<Self.chunksUnderWay).map { _ in ByteBufferAllocator().buffer(capacity: Self.chunk) }
        var place = 0
        for piece in pieces {
          var rest = piece[...]
          while !rest.isEmpty {
            let part = rest.prefix(Self.chunk - buffers[place].readableBytes)
            buffers[place].writeBytes(part)
            rest = rest.dropFirst(part.count)
            guard buffers[place].readableBytes == Self.chunk else { continue }
            try await writer.write(buffers[place])
            place = (place + 1) % buffers.count
            // The writer takes any number at once. When the channel's loop answers it has sent what it got, or lets the
            // next write wait.
            if place == 0 { try await channel.eventLoop.submit {}.get() }
            buffers[place].clear(minimumCapacity: Self.chunk)
          }
        }
        if buffers[place].readableBytes > 0 { try await writer.write(buffers[place]) }
        try await writer.finish(nil)
      })
  }

  /// Sends events until the client or the server ends.
  ///
  /// A write waits while the client takes nothing, and the next event is asked for only after it: what a slow client has
  /// not taken is one event, and what the system's buffer holds of the ones before.
  private func send(
    _ events: EventStream, _ head: HTTPResponse, _ writer: consuming ResponseWriter, _ channel: any Channel
  ) async throws {
    try await channel.setOption(.unsentBytes, value: Self.unsentBytes).get()
    ConnectionGuard.onEnd(of: channel) { events.end() }
    var head = head
    // After events without an end no other answer follows.
    head.headerFields[.connection] = "close"
    try await writer.write(
      response: head,
      body: ResponseBody { writer in
        for await event in events {
          var buffer = ByteBufferAllocator().buffer(capacity: event.reduce(0) { $0 + $1.count })
          for piece in event { buffer.writeBytes(piece) }
          try await writer.write(buffer)
        }
        try await writer.finish(nil)
      })
  }

  private static func dated(_ head: HTTPResponse) -> HTTPResponse {
    var head = head
    head.headerFields[.date] = HTTPDate.text(ofPOSIXTime: Clock.realtime)
    return head
  }

  private static func fields(of head: HTTPRequest) -> [(name: String, value: String)] {
    let fields = head.headerFields.map { (name: $0.name.rawName, value: $0.value) }
    // HTTPTypes keeps it apart from the others.
    return head.authority.map { [("Host", $0)] + fields } ?? fields
  }

  /// Whether only this machine can reach what listens there.
  private static func isLoopback(_ address: SocketAddress?) -> Bool {
    guard let address = address?.ipAddress else { return false }
    return address.hasPrefix("127.") || address == "::1"
  }

  /// Bytes up to which an answer goes out in one write.
  private static let whole = 256 * 1_024
  /// Bytes of a longer one that go out in one write: few enough to be still in the processor's cache when the kernel copies
  /// them, and below what malloc(3) maps and unmaps each time.
  private static let chunk = 64 * 1_024
  /// Chunks that are being filled or sent at a time.
  private static let chunksUnderWay = 8
  /// Bytes of events that wait in the system's buffer; by itself it would take megabytes, minutes of samples.
  private static let unsentBytes = 128 * 1_024

  /// Hummingbird says at `info` where it listens; that line is the caller's to write.
  private var quietLogger: Logger {
    var quiet = logger
    if quiet.logLevel == .info { quiet.logLevel = .notice }
    return quiet
  }

  private static func url(of address: SocketAddress?) -> String {
    guard let address, let host = address.ipAddress, let port = address.port else { return "http://" }
    return "http://" + authority(host, port)
  }

  private static func authority(_ host: String, _ port: Int) -> String {
    // RFC 3986 §3.2.2: an IPv6 address stands in brackets.
    (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)"
  }

  private func failure(_ error: any Error) -> Failure {
    let reason =
      switch error {
      case is SocketAddressError.UnknownHost: "the host is not found"
      case let error as IOError:
        switch error.errnoCode {
        case EADDRINUSE: "the port is in use"
        case EACCES, EPERM: "not permitted to listen on this port"
        case EADDRNOTAVAIL: "not an address of this machine"
        case EAFNOSUPPORT: "this machine has no addresses of this family"
        case let code: "cannot listen: \(String(cString: strerror(code)))"
        }
      default: "cannot listen: \(error)"
      }
    return Failure(description: "\(Self.authority(host, port)): \(reason)")
  }
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
  /// How many bytes that were not sent yet a socket takes before it counts as full (tcp(7) TCP_NOTSENT_LOWAT).
  fileprivate static var unsentBytes: Self {
    ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_NOTSENT_LOWAT))
  }
}
