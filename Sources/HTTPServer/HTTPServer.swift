package import API
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import SystemIO

/// The API on a TCP port: HTTP/1.1 by Hummingbird, without its router, on one thread of its own.
package struct HTTPServer: Sendable {
  /// Why the server does not listen, in one line: `127.0.0.1:8080: the port is in use`.
  package struct ListenError: Error, CustomStringConvertible {
    /// The line.
    package let description: String
  }

  /// Bounds of what clients may use, all in one place; README has them in a table.
  struct ConnectionLimits: Sendable {
    struct Header {
      /// Bytes, the target included.
      var bytes = 32 * 1_024
      var fields = 128
      /// From the connection's beginning to the end of its first request's header.
      var time = TimeAmount.seconds(10)
    }

    struct Body {
      /// Bytes that are read and discarded to keep the connection for the next request.
      var bytes = 64 * 1_024
      /// From the header to the body's end.
      var time = TimeAmount.seconds(10)
    }

    var header = Header()
    var body = Body()
    /// From the end of an answer to the next request.
    var idle = TimeAmount.seconds(60)
    /// How long a client may leave a full buffer of an answer or a stream (NIO's high-water mark, 64 KiB) untaken.
    var stalled = TimeAmount.seconds(30)
    /// Connections at a time, as far as descriptors allow; then idle ones give way, and further ones get 503.
    var connections = min(4_096, Descriptors.connections)
    /// Connections of one client, loopback excepted: a reverse proxy there stands for many.
    var connectionsPerClient: Int { max(1, connections / 4) }
    /// Bytes of all answers that are being sent; beyond them the slowest are given up, and new ones get 503.
    var heldBytes = 64 << 20
    /// Between two checks of the deadlines.
    var sweep = TimeAmount.seconds(1)
    /// From the end of a wave of clients to giving its memory back.
    var trim = TimeAmount.seconds(15)
  }

  /// What clients use, for the agent's own metrics; written by the server, read from any thread.
  final class Usage: Sendable {
    let connections = Atomic(0)
    /// Connections for which there was no room: answered with 503, or closed.
    let refused = Atomic(0)
    /// Idle connections that were closed for new ones.
    let evicted = Atomic(0)
  }

  /// Streams that a server may have at a time within its connections.
  package static var streams: Int { min(256, max(1, Descriptors.connections * 3 / 4)) }

  private let api: API
  private let host: String
  private let port: Int
  private let logger: Logger
  private let prepared = PreparedResponses()
  var limits = ConnectionLimits()
  let usage = Usage()

  /// A server that does not listen yet.
  ///
  /// - Parameters:
  ///   - host: an IPv4 or IPv6 address of this machine, or a name of one.
  ///   - port: the port; 0 lets the system choose a free one.
  package init(api: API, host: String, port: Int, logger: Logger) {
    self.api = api
    self.host = host
    self.port = port
    self.logger = logger
  }

  /// Listens and answers until its task is cancelled; then it ends within half a second.
  ///
  /// - Parameter listening: gets the server's URL, `http://127.0.0.1:8080`, once it listens.
  /// - Throws: ``ListenError`` where it cannot listen.
  package func run(_ listening: @escaping @Sendable (String) -> Void) async throws {
    // One thread is enough for JSON, and costs the least while nobody asks.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let connections = try await loop.submit { [limits, usage, quietLogger] in
      NIOLoopBound(Connections(limits: limits, usage: usage, logger: quietLogger, loop: loop), eventLoop: loop)
    }.get()
    let limits = limits
    let server = Server(
      childChannelSetup: ConnectionChannel(connections: connections, limits: limits, responder: respond),
      configuration: ServerConfiguration(address: .hostname(host, port: port), backlog: Self.backlog),
      onServerRunning: { channel in
        try? await loop.submit {
          try channel.pipeline.syncOperations.addHandler(AcceptFailureHandler(connections.value), position: .first)
        }.get()
        // Accepted ones count only when they are set up; a batch would exceed a small number of descriptors.
        if limits.connections < 64 { try? await channel.setOption(.maxMessagesPerRead, value: 1).get() }
        listening(Self.url(of: channel.localAddress))
      },
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
        isLocal: Self.isLoopback(channel.parent?.localAddress), client: ClientAddress(channel.remoteAddress).key))
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
    // Its memory: the buffers, and bytes that no other answer shares.
    let held = min(count, Self.whole) + response.ownBytes
    if held > Self.small, try await !ConnectionGuard.hold(held, for: channel) {
      let response = API.noMemory
      var head = HTTPResponse(status: .serviceUnavailable)
      for (name, value) in response.headers {
        if let name = HTTPField.Name(name) { head.headerFields.append(HTTPField(name: name, value: value)) }
      }
      try await writer.write(
        response: Self.dated(head), body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
      return
    }
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

  /// Connections that the kernel completes before they are accepted, within net.core.somaxconn.
  private static let backlog = 1_024
  /// Bytes up to which an answer is sent without reserving memory for it.
  private static let small = 16 * 1_024
  /// Bytes up to which an answer goes out in one write.
  private static let whole = 256 * 1_024
  /// Bytes of a longer one that go out in one write: few enough to be still in the processor's cache when the kernel copies
  /// them, and below what malloc(3) maps and unmaps each time.
  private static let chunk = 64 * 1_024
  /// Chunks that are being filled or sent at a time.
  private static let chunksUnderWay = 4
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

  private func failure(_ error: any Error) -> ListenError {
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
    return ListenError(description: "\(Self.authority(host, port)): \(reason)")
  }
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
  /// How many bytes that were not sent yet a socket takes before it counts as full (tcp(7) TCP_NOTSENT_LOWAT).
  fileprivate static var unsentBytes: Self {
    ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_NOTSENT_LOWAT))
  }
}
