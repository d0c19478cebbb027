package import API
package import AgentMetrics
package import Logging
internal import SystemIO

/// A server of the API over TCP (HTTP/1.1).
package protocol APIServer: Sendable {
  var limits: ConnectionLimits { get set }
  var usage: ConnectionUsage { get }

  /// Creates a server that does not listen yet.
  ///
  /// - Parameters:
  ///   - host: an IPv4 or IPv6 address of this machine, or a name of one.
  ///   - port: the port; 0 lets the system choose a free one.
  init(api: API, host: String, port: Int, logger: Logger)

  /// Listens and answers until its task is cancelled; then ends within half a second.
  ///
  /// - Parameter listening: receives the server's URL, `http://127.0.0.1:8080`, once it listens.
  /// - Throws: ``ListenError`` where it cannot listen.
  func run(_ listening: @escaping @Sendable (String) -> Void) async throws
}

extension APIServer {
  /// Open, refused and evicted connections.
  package var status: ServerStatus { usage.now }
}

/// Reason for a failed listen, in one line: `127.0.0.1:8080: the port is in use`.
package struct ListenError: UserError {
  package let description: String

  package init(host: String, port: Int, reason: String) {
    description = "\(Authority.text(host, port)): \(reason)"
  }

  package init(socket path: String, reason: String) {
    description = "unix:\(path): \(reason)"
  }
}

/// Host and port of a URL.
package enum Authority {
  package static func text(_ host: String, _ port: Int) -> String {
    // RFC 3986 §3.2.2: an IPv6 address stands in brackets.
    (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)"
  }
}
