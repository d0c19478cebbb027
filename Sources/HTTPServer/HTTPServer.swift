package import API
package import AgentMetrics
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import SystemIO

/// Serves the API over TCP: HTTP/1.1 by Hummingbird, without its router, on one thread.
package struct HTTPServer: Sendable {
  /// Reason for a failed listen, in one line: `127.0.0.1:8080: the port is in use`.
  package struct ListenError: Error, CustomStringConvertible {
    package let description: String
  }

  /// Limits on clients, all in one place; the README lists them.
  struct ConnectionLimits: Sendable {
    struct Header {
      /// Bytes, including the target.
      var bytes = 32 * 1_024
      var fields = 128
      /// From the start of the connection to the end of its first request's header.
      var time = TimeAmount.seconds(10)
    }

    struct Body {
      /// Bytes that are read and discarded to keep the connection alive.
      var bytes = 64 * 1_024
      /// From the end of the header to the end of the body.
      var time = TimeAmount.seconds(10)
    }

    var header = Header()
    var body = Body()
    /// From the end of a response to the next request.
    var idle = TimeAmount.seconds(60)
    /// How long a client may leave the full buffer of a response or stream (NIO's high-water mark, 64 KiB) unread.
    var stalled = TimeAmount.seconds(30)
    /// Open connections, as far as descriptors allow; above that idle ones are closed, and new ones get 503.
    var connections = min(4_096, Descriptors.connections)
    /// Connections per client, loopback excepted: a reverse proxy there represents many clients.
    var connectionsPerClient: Int { max(1, connections / 4) }
    /// Bytes of all responses being sent; above that the slowest are aborted, and new ones get 503.
    var heldBytes = 64 << 20
    /// Interval of deadline checks.
    var sweep = TimeAmount.seconds(1)
    /// Delay from the end of a wave of clients to returning its memory.
    var trim = TimeAmount.seconds(15)
  }

  /// Connections for the agent's own metrics; written on the event loop, read from any thread.
  final class Usage: Sendable {
    private let status = Mutex(ServerStatus())

    var now: ServerStatus { status.withLock { $0 } }

    func update(_ body: (inout ServerStatus) -> Void) {
      status.withLock { body(&$0) }
    }
  }

  /// Open, refused and evicted connections.
  package var status: ServerStatus { usage.now }

  /// Maximum number of concurrent streams, within the connections.
  package static var streams: Int { min(256, max(1, Descriptors.connections * 3 / 4)) }

  private let api: API
  private let host: String
  private let port: Int
  private let logger: Logger
  private let prepared = PreparedResponses()
  var limits = ConnectionLimits()
  private let usage = Usage()

  /// Creates a server that does not listen yet.
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

  /// Listens and answers until its task is cancelled; then ends within half a second.
  ///
  /// - Parameter listening: receives the server's URL, `http://127.0.0.1:8080`, once it listens.
  /// - Throws: ``ListenError`` where it cannot listen.
  package func run(_ listening: @escaping @Sendable (String) -> Void) async throws {
    // One thread is enough for JSON, and costs the least when idle.
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
        // Accepted connections are counted only after setup; a batch would exceed a small number of descriptors.
        if limits.connections < 64 { try? await channel.setOption(.maxMessagesPerRead, value: 1).get() }
        listening(Self.url(of: channel.localAddress))
      },
      eventLoopGroup: group,
      logger: quietLogger)
    // Not a child of this task, whose cancellation would abort responses in progress.
    let running = Task { try await server.run() }
    let result = await withTaskCancellationHandler {
      await running.result
    } onCancel: {
      Task { await Self.end(server, running) }
    }
    try? await group.shutdownGracefully()
    if case .failure(let error) = result, !Task.isCancelled { throw failure(error) }
  }

  /// Closes idle connections immediately and the others after their response, or after a third of a second.
  private static func end(_ server: Server<ConnectionChannel>, _ running: Task<Void, any Error>) async {
    let ending = Task { try await server.shutdownGracefully() }
    let deadline = Task {
      try await Task.sleep(for: .milliseconds(300))
      // Ends the tasks of connections that wait for a first sample, or for a client that does not read.
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
      // HEAD of an endless body, whose length is unknown.
      if response.status == 200, head.headerFields[.contentLength] == nil { head.headerFields[.connection] = "close" }
      try await writer.writeResponse(head)
      return
    }
    let count = response.count
    // Memory of the response: the buffers, and bytes not shared with other responses.
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
    // A long history is sent at the client's speed, and never copied as a whole.
    try await writer.write(
      response: head,
      body: ResponseBody(contentLength: count) { writer in
        // Used in rotation: a buffer has been sent when its turn comes again, so its memory is reused.
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
            // The writer accepts any number of chunks. The loop's answer means that it has sent them, or blocks the
            // next write.
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
  /// A write waits while the client does not read, and the next event is fetched only after it: a slow client lags by
  /// one event, plus the earlier ones in the system's buffer.
  private func send(
    _ events: EventStream, _ head: HTTPResponse, _ writer: consuming ResponseWriter, _ channel: any Channel
  ) async throws {
    try await channel.setOption(.unsentBytes, value: Self.unsentBytes).get()
    ConnectionGuard.onEnd(of: channel) { events.end() }
    var head = head
    // An endless response is the last one on its connection.
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
    // HTTPTypes keeps it apart from the other fields.
    return head.authority.map { [("Host", $0)] + fields } ?? fields
  }

  /// Whether the listening address is reachable only from this machine.
  private static func isLoopback(_ address: SocketAddress?) -> Bool {
    guard let address = address?.ipAddress else { return false }
    return address.hasPrefix("127.") || address == "::1"
  }

  /// Length of the kernel's accept queue, within net.core.somaxconn.
  private static let backlog = 1_024
  /// Maximum bytes of a response that is sent without reserving memory.
  private static let small = 16 * 1_024
  /// Maximum bytes of a response that is sent in one write.
  private static let whole = 256 * 1_024
  /// Bytes per write of a longer one: few enough to be still in the CPU cache when the kernel copies them, and below
  /// the size that malloc(3) maps and unmaps each time.
  private static let chunk = 64 * 1_024
  /// Chunks being filled or sent at the same time.
  private static let chunksUnderWay = 4
  /// Maximum unsent bytes of events in the system's buffer; its default would be megabytes, minutes of samples.
  private static let unsentBytes = 128 * 1_024

  /// Suppresses Hummingbird's `info` line about its address; the caller logs it.
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
    // RFC 3986 §3.2.2: an IPv6 address is enclosed in brackets.
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
  /// Unsent bytes at which a socket counts as full (tcp(7) TCP_NOTSENT_LOWAT).
  fileprivate static var unsentBytes: Self {
    ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_NOTSENT_LOWAT))
  }
}
