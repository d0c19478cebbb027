internal import ClientHTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SystemIO

/// Connects to HTTP servers, over TLS where the URL requires it.
enum ClientConnection {
  /// Event loop of all clients; its descriptors are opened once, at its first use.
  ///
  /// One thread is enough, since bodies are decoded elsewhere; NIO's singleton has one per CPU, with three descriptors
  /// each.
  static let group: any EventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// Limits the connections of all clients of this process, so that descriptors never run out.
  private static let budget = ConnectionBudget(Descriptors.clientConnections)

  /// Use of a connection.
  enum Purpose: Sendable {
    /// One request and its answer.
    case request
    /// A stream; a share of the connections is reserved for requests.
    case stream
  }

  /// Connects, and sets up the channel's pipeline: TLS, then the handlers of `configure`.
  ///
  /// - Parameters:
  ///   - tls: the TLS settings; nil for plain TCP.
  ///   - failure: gets the failure of TLS.
  ///   - limit: connect timeout in seconds.
  static func open<Output: Sendable>(
    to server: ServerAddress, tls: ClientTLS?, failure: TLSFailure = TLSFailure(), limit: Double,
    purpose: Purpose = .request, group: any EventLoopGroup = group,
    configure: @escaping @Sendable (any Channel) throws -> Output
  ) async throws -> Output {
    guard let permit = budget.take(for: purpose) else { throw IOError(errnoCode: EMFILE, reason: "connect") }
    // Server Name Indication excludes addresses (RFC 6066 §3).
    let address = try? SocketAddress(ipAddress: server.host, port: server.port)
    let name = address == nil ? server.host : nil
    let bootstrap = ClientBootstrap(group: group).connectTimeout(.milliseconds(Int64(limit * 1_000)))
    @Sendable func initialize(_ channel: any Channel) -> EventLoopFuture<Output> {
      // Held until the connection is closed.
      channel.closeFuture.whenComplete { _ in withExtendedLifetime(permit) {} }
      return channel.eventLoop.makeCompletedFuture {
        if let tls {
          let words = TLSFailureHandler(host: server.host, distrust: tls.distrust, failure)
          try channel.pipeline.syncOperations.addHandlers([tls.handler(serverHostname: name), words])
        }
        return try configure(channel)
      }
    }
    if let socket = server.socket {
      return try await bootstrap.connect(unixDomainSocketPath: socket, channelInitializer: initialize)
    }
    // An address bypasses the resolver, whose queue a slow name would block.
    if let address { return try await bootstrap.connect(to: address, channelInitializer: initialize) }
    return try await bootstrap.connect(host: server.host, port: server.port, channelInitializer: initialize)
  }

  /// Describes an error of NIO in one line of at most 200 characters.
  ///
  /// - Parameter limit: connect timeout in seconds.
  static func line(of error: any Error, limit: Double) -> String {
    switch error {
    case let error as ClientFailure: return error.description
    case let error as NIOConnectionError:
      if let failure = error.connectionErrors.first { return line(of: failure.error, limit: limit) }
      return "the name \(error.host) is not known"
    case let error as IOError: return SystemError.text(of: error.errnoCode)
    case ChannelError.connectTimeout: return "no connection in \(Int(limit)) s"
    case is CancellationError: return "it was given up"
    case let error as HTTPParserError: return "no well-formed HTTP answer (\(error))"
    default: return String("\(error)".prefix { !$0.isNewline }.prefix(200))
    }
  }
}
