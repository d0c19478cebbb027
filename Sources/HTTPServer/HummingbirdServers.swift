package import API
package import Logging
package import ServerCore

/// Servers by Hummingbird: with TLS and on Unix sockets.
package struct HummingbirdServers: ServerFactory {
  package init() {}

  package var hasUnixSockets: Bool { true }

  package func encryption(
    _ files: PEMFiles, report: @escaping @Sendable (String) -> Void
  ) throws(ServerFailure) -> any ServerEncryption {
    try ServerTLS(files, report: report)
  }

  package func server(
    of api: API, host: String, port: Int, encryption: (any ServerEncryption)?, logger: Logger
  ) -> any APIServer {
    var server = HTTPServer(api: api, host: host, port: port, logger: logger)
    server.tls = encryption as? ServerTLS
    return server
  }

  package func server(of api: API, socket: UnixSocket, logger: Logger) -> (any APIServer)? {
    HTTPServer(api: api, socket: socket, logger: logger)
  }
}
