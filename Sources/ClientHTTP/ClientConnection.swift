package import NIOCore
internal import NIOPosix
package import NIOSSL
internal import SystemIO

/// Connecting to HTTP servers, by TLS where they want it.
package enum ClientConnection {
  /// Connects, and makes the channel's pipeline: TLS, then what `configure` adds.
  ///
  /// - Parameters:
  ///   - context: what TLS is spoken with; nil where none is.
  ///   - limit: seconds until it is given up.
  package static func open<Output: Sendable>(
    to server: ServerAddress, context: NIOSSLContext?, limit: Double,
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    configure: @escaping @Sendable (any Channel) throws -> Output
  ) async throws -> Output {
    // Server Name Indication knows no addresses (RFC 6066 §3).
    let isAddress = (try? SocketAddress(ipAddress: server.host, port: 0)) != nil
    let name = isAddress ? nil : server.host
    return try await ClientBootstrap(group: group)
      .connectTimeout(.milliseconds(Int64(limit * 1_000)))
      .connect(host: server.host, port: server.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context {
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
          }
          return try configure(channel)
        }
      }
  }

  /// What TLS is spoken with.
  ///
  /// - Parameter authorities: a file with the certificates of those who vouch for the server; nil for the system's.
  package static func context(authorities: String? = nil) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    if let authorities { configuration.trustRoots = .file(authorities) }
    configuration.applicationProtocols = ["http/1.1"]
    return try NIOSSLContext(configuration: configuration)
  }

  /// What an error of NIO's says, in one line of at most 200 characters.
  ///
  /// - Parameter limit: seconds that connecting may take.
  package static func line(of error: any Error, limit: Double) -> String {
    switch error {
    case let error as NIOConnectionError:
      if let failure = error.connectionErrors.first { return line(of: failure.error, limit: limit) }
      return "the name \(error.host) is not known"
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: return "no connection in \(Int(limit)) s"
    case is CancellationError: return "it was given up"
    default: return String("\(error)".prefix { !$0.isNewline }.prefix(200))
    }
  }
}
