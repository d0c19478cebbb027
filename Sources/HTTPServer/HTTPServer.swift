package import API
internal import AgentMetrics
internal import Dispatch
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOPosix
package import ServerCore
internal import Synchronization
internal import SystemIO

/// Serves the API over TCP: HTTP/1.1 by Hummingbird, without its router, and HTTP/2 over TLS, on one thread.
package struct HTTPServer: APIServer {
  private let api: API
  private let host: String
  private let port: Int
  /// Listens on this socket instead of host and port.
  private var socket: UnixSocket?
  private let logger: Logger
  private let prepared = PreparedResponses()
  package var limits = ConnectionLimits()
  package let usage = ConnectionUsage()
  /// Certificate and key; nil for plain TCP.
  package var tls: ServerTLS?

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

  /// Creates a server on a Unix domain socket.
  package init(api: API, socket: UnixSocket, logger: Logger) {
    self.init(api: api, host: "", port: 0, logger: logger)
    self.socket = socket
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
    let address = try bindAddress()
    let isListening = Mutex(false)
    let (refusals, refused) = AsyncStream<any Error>.makeStream()
    let server = Server(
      childChannelSetup: ConnectionChannel(connections: connections, limits: limits, tls: tls, responder: respond),
      configuration: ServerConfiguration(address: address, backlog: ConnectionLimits.backlog),
      onServerRunning: { channel in
        try? await loop.submit {
          try channel.pipeline.syncOperations.addHandler(AcceptFailureHandler(connections.value), position: .first)
        }.get()
        // Accepted connections are counted only after setup; a batch would exceed a small number of descriptors.
        if limits.connections < 64 { try? await channel.setOption(.maxMessagesPerRead, value: 1).get() }
        isListening.withLock { $0 = true }
        do { try socket?.share() } catch {
          refused.yield(error)
          return
        }
        listening(url(of: channel.localAddress))
      },
      eventLoopGroup: group,
      logger: quietLogger)
    // Not a child of this task, whose cancellation would abort responses in progress.
    let running = Task { try await server.run() }
    // Ended as by a cancellation: the server uses the loop while it closes.
    let refusal = Task { () -> (any Error)? in
      for await error in refusals {
        await Self.end(server, running, abortingAfter: limits.end)
        return error
      }
      return nil
    }
    let ending = Mutex<Task<Void, Never>?>(nil)
    let result = await withTaskCancellationHandler {
      await running.result
    } onCancel: {
      ending.withLock { $0 = Task { await Self.end(server, running, abortingAfter: limits.end) } }
    }
    // It waits on the loop for the server's end.
    await ending.withLock { $0 }?.value
    refused.finish()
    let refusalError = await refusal.value
    // By default on libdispatch's pool, whose monitor ends a program that cannot read /proc (CTaskPool.h); a queue of its
    // own has another thread.
    await withCheckedContinuation { continuation in
      group.shutdownGracefully(queue: DispatchQueue(label: "server-end")) { _ in continuation.resume() }
    }
    if let socket, isListening.withLock({ $0 }) { unlink(socket.path) }
    if let error = refusalError { throw failure(error) }
    if case .failure(let error) = result, !Task.isCancelled { throw failure(error) }
  }

  /// Closes idle connections immediately and the others after their response, or after the time limit.
  private static func end(
    _ server: Server<ConnectionChannel>, _ running: Task<Void, any Error>, abortingAfter time: Duration
  ) async {
    let ending = Task { try await server.shutdownGracefully() }
    let deadline = Task {
      try await Task.pause(time)
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
        isLocal: Self.isLoopback(Self.listener(of: channel).localAddress),
        client: ClientAddress(channel.remoteAddress).key, isTrusted: socket != nil))
    if let (head, body) = prepared.response(response.identity) {
      try await writer.write(response: Self.dated(head), body: ResponseBody(byteBuffer: body))
      return
    }
    let undated = Self.head(of: response)
    var head = Self.dated(undated)
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
    let held = min(count, ConnectionLimits.wholeResponse) + response.ownBytes
    if held > ConnectionLimits.smallResponse,
      try await !ResponseChannel.hold(held, for: channel, atMost: limits.memoryWait)
    {
      try await writer.write(
        response: Self.dated(Self.head(of: API.noMemory)),
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: API.noMemory.body)))
      return
    }
    if count <= ConnectionLimits.wholeResponse {
      var buffer = ByteBufferAllocator().buffer(capacity: count)
      for piece in pieces { buffer.writeBytes(piece) }
      if let identity = response.identity { prepared.keep(undated, buffer, as: identity) }
      try await writer.write(response: head, body: ResponseBody(byteBuffer: buffer))
      return
    }
    try await writer.write(response: head, body: Self.body(of: pieces, count: count, channel))
  }

  /// Status and headers of a response.
  static func head(of response: API.Response) -> HTTPResponse {
    var head = HTTPResponse(status: HTTPResponse.Status(code: response.status))
    for (name, value) in response.headers {
      if let name = HTTPField.Name(name) { head.headerFields.append(HTTPField(name: name, value: value)) }
    }
    return head
  }

  /// A long body, such as a history: sent at the client's speed, and never copied as a whole.
  private static func body(
    of pieces: some RandomAccessCollection<[UInt8]> & Sendable, count: Int, _ channel: any Channel
  ) -> ResponseBody {
    ResponseBody(contentLength: count) { writer in
      // Used in rotation: a buffer has been sent when its turn comes again, so its memory is reused.
      var buffers = (0..<Self.chunksUnderWay).map { _ in
        ByteBufferAllocator().buffer(capacity: ConnectionLimits.chunk)
      }
      var place = 0
      for piece in pieces {
        var rest = piece[...]
        while !rest.isEmpty {
          let part = rest.prefix(ConnectionLimits.chunk - buffers[place].readableBytes)
          buffers[place].writeBytes(part)
          rest = rest.dropFirst(part.count)
          guard buffers[place].readableBytes == ConnectionLimits.chunk else { continue }
          try await writer.write(buffers[place])
          place = (place + 1) % buffers.count
          // The writer accepts any number of chunks. The loop's answer means that it has sent them, or blocks the
          // next write.
          if place == 0 { try await channel.eventLoop.submit {}.get() }
          buffers[place].clear(minimumCapacity: ConnectionLimits.chunk)
        }
      }
      if buffers[place].readableBytes > 0 { try await writer.write(buffers[place]) }
      try await writer.finish(nil)
    }
  }

  /// Sends events until the client or the server ends.
  ///
  /// A write waits while the client does not read, and the next event is fetched only after it: a slow client lags by
  /// one event, plus the earlier ones in the system's buffer.
  private func send(
    _ events: EventStream, _ head: HTTPResponse, _ writer: consuming ResponseWriter, _ channel: any Channel
  ) async throws {
    if socket == nil {
      let connection = Self.connection(of: channel)
      try await connection.setOption(.unsentBytes, value: ConnectionLimits.unsentBytes).get()
    }
    ResponseChannel.onEnd(of: channel) { events.end() }
    var head = head
    // An endless response is the last one on its connection; StreamGuard removes the field for HTTP/2.
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

  /// The connection of a request's channel, which is itself one of HTTP/1.1, or a stream of HTTP/2.
  private static func connection(of channel: any Channel) -> any Channel {
    guard let parent = channel.parent, parent.parent != nil else { return channel }
    return parent
  }

  /// The listening channel of a request's channel.
  private static func listener(of channel: any Channel) -> any Channel {
    let connection = connection(of: channel)
    return connection.parent ?? connection
  }

  /// Whether the listening address is reachable only from this machine.
  private static func isLoopback(_ address: SocketAddress?) -> Bool {
    guard let address = address?.ipAddress else { return false }
    return address.hasPrefix("127.") || address == "::1"
  }

  /// Chunks being filled or sent at the same time.
  private static let chunksUnderWay = 4
  /// Suppresses Hummingbird's `info` line about its address; the caller logs it.
  private var quietLogger: Logger {
    var quiet = logger
    if quiet.logLevel == .info { quiet.logLevel = .notice }
    return quiet
  }

  private func bindAddress() throws -> BindAddress {
    guard let socket else { return .hostname(host, port: port) }
    guard !socket.isAnswering else { throw ListenError(socket: socket.path, reason: "another agent listens there") }
    return .unixDomainSocket(path: socket.path)
  }

  private func url(of address: SocketAddress?) -> String {
    if let socket { return "unix:" + socket.path }
    let scheme = tls == nil ? "http://" : "https://"
    guard let address, let host = address.ipAddress, let port = address.port else { return scheme }
    return scheme + Authority.text(host, port)
  }

  private func failure(_ error: any Error) -> ListenError {
    if let error = error as? ListenError { return error }
    let reason =
      switch error {
      case is SocketAddressError.UnknownHost: "the host is not found"
      case let error as IOError:
        switch error.errnoCode {
        case EADDRINUSE where socket != nil: "there is another file, or a link to none"
        case EADDRINUSE: "the port is in use"
        case EACCES where socket != nil, EPERM where socket != nil: "its folder may not be written to"
        case EACCES, EPERM: "not permitted to listen on this port"
        case ENOENT where socket != nil: "the folder does not exist"
        case EADDRNOTAVAIL: "not an address of this machine"
        case EAFNOSUPPORT: "this machine has no addresses of this family"
        case let code: "cannot listen: \(String(cString: strerror(code)))"
        }
      case is UnixDomainSocketPathWrongType: "there is another file, which is no socket"
      default: "cannot listen: \(error)"
      }
    if let socket { return ListenError(socket: socket.path, reason: reason) }
    return ListenError(host: host, port: port, reason: reason)
  }
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
  /// Unsent bytes at which a socket counts as full (tcp(7) TCP_NOTSENT_LOWAT).
  fileprivate static var unsentBytes: Self {
    ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_NOTSENT_LOWAT))
  }
}
