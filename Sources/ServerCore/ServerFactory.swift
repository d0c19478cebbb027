package import API
package import Logging

/// Files of a server's certificate, in PEM.
package struct PEMFiles: Sendable, Equatable {
  /// The certificate, followed by those between it and the CA's.
  package var certificate: String
  package var key: String
  /// CA certificates for clients, which must have a certificate then; nil for clients without one.
  package var clientAuthorities: String?

  package init(certificate: String, key: String, clientAuthorities: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientAuthorities = clientAuthorities
  }
}

/// Certificate and key of a server, in the form that its factory needs.
package protocol ServerEncryption: Sendable {
  /// Uses other files for new connections; if they cannot be used, the last ones stay in use.
  func replace(_ files: PEMFiles) throws(ServerFailure)
}

/// Reason for an unusable certificate or socket, in one line.
package struct ServerFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// Creates the servers of a system.
package protocol ServerFactory: Sendable {
  /// Whether servers can listen on Unix domain sockets.
  var hasUnixSockets: Bool { get }

  /// Reads a certificate and its key.
  ///
  /// - Parameter report: logs when the files change, and once when they become unusable.
  func encryption(_ files: PEMFiles, report: @escaping @Sendable (String) -> Void) throws(ServerFailure)
    -> any ServerEncryption

  /// Creates a server on a port that does not listen yet.
  ///
  /// - Parameter encryption: certificate and key of this factory; nil for plain TCP.
  func server(
    of api: API, host: String, port: Int, encryption: (any ServerEncryption)?, logger: Logger
  ) -> any APIServer

  /// Creates a server on a Unix domain socket; nil where the system has none.
  func server(of api: API, socket: UnixSocket, logger: Logger) -> (any APIServer)?
}
