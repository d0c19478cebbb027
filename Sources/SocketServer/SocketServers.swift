package import API
package import Logging
package import ServerCore

/// Servers without NIO: plain TCP only.
package struct SocketServers: ServerFactory {
  package init() {}

  package var hasUnixSockets: Bool { false }

  package func encryption(
    _ files: PEMFiles, report: @escaping @Sendable (String) -> Void
  ) throws(ServerFailure) -> any ServerEncryption {
    throw ServerFailure("the server has no TLS on this system; a reverse proxy adds it")
  }

  package func server(
    of api: API, host: String, port: Int, encryption: (any ServerEncryption)?, logger: Logger
  ) -> any APIServer {
    SocketServer(api: api, host: host, port: port, logger: logger)
  }

  package func server(of api: API, socket: UnixSocket, logger: Logger) -> (any APIServer)? { nil }
}
