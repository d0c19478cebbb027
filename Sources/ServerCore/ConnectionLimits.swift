package import AgentMetrics
internal import Synchronization
internal import SystemIO

/// Limits on clients, all in one place; the README lists them.
package struct ConnectionLimits: Sendable {
  package struct Header: Sendable {
    /// Bytes, including the target.
    package var bytes = 32 * 1_024
    package var fields = 128
    /// From the start of the connection to the end of its first request's header.
    package var time = Duration.seconds(10)
  }

  package struct Body: Sendable {
    /// Bytes that are read and discarded to keep the connection alive.
    package var bytes = 64 * 1_024
    /// From the end of the header to the end of the body.
    package var time = Duration.seconds(10)
  }

  package var header = Header()
  package var body = Body()
  /// From the end of a response to the next request.
  package var idle = Duration.seconds(60)
  /// How long a client may leave the full buffer of a response or stream unread.
  package var stalled = Duration.seconds(30)
  /// The same while other responses wait for the memory that it holds.
  package var stalledForOthers = Duration.seconds(1)
  /// How long a response waits for memory before its request is answered with 503.
  package var memoryWait = Duration.seconds(2)
  /// From the last response of a connection, or the refusal of one, to its end: the client reads it meanwhile, since
  /// closing with unread bytes resets the connection (RFC 9112 §9.6).
  package var linger = Duration.seconds(1)
  /// From the end of the server to the abort of responses.
  package var end = Duration.milliseconds(300)
  /// Time without a refusal after which the log says that connections are accepted again.
  package var calm = Duration.seconds(10)
  /// Time to the next accept(2) after one has failed and no connection is idle.
  package var acceptPause = Duration.seconds(1)
  /// Open connections, as far as descriptors allow; above that idle ones are closed, and new ones get 503.
  package var connections = min(4_096, Descriptors.connections)
  /// Connections per client, loopback excepted: a reverse proxy there represents many clients.
  package var connectionsPerClient: Int { max(1, connections / 4) }
  /// Refused connections that are answered with 503 at a time; further ones are closed without an answer.
  package var refusals: Int { max(1, connections / 16) }
  /// Concurrent streams of an HTTP/2 connection; all connections together have as many as there may be connections.
  package var streamsPerConnection = 100
  /// Bytes of all responses being sent; above that the slowest are aborted, and new ones get 503.
  package var heldBytes = 64 << 20
  /// Interval of deadline checks.
  package var sweep = Duration.seconds(1)
  /// Delay from the end of a wave of clients to returning its memory.
  package var trim = Duration.seconds(15)

  package init() {}

  /// Maximum number of concurrent streams, within the connections.
  package static var streams: Int { min(256, max(1, Descriptors.connections * 3 / 4)) }
  /// Length of the kernel's accept queue, within net.core.somaxconn.
  package static let backlog = 1_024
  /// Bytes up to which a response is sent without reserving memory for it.
  package static let smallResponse = 16 * 1_024
  /// Bytes up to which a response is sent in one write.
  package static let wholeResponse = 256 * 1_024
  /// Bytes of a longer response that are sent in one write: few enough to stay in the processor's cache until the
  /// kernel copies them, and below the size that malloc(3) maps and unmaps each time.
  package static let chunk = 64 * 1_024
  /// Bytes of events in the system's buffer; by default it would hold megabytes, minutes of samples.
  package static let unsentBytes = 128 * 1_024
}

/// Connections for the agent's own metrics; written on the event loop, read from any thread.
package final class ConnectionUsage: Sendable {
  private let status = Mutex(ServerStatus())

  package init() {}

  package var now: ServerStatus { status.withLock { $0 } }

  package func update(_ body: (inout ServerStatus) -> Void) {
    status.withLock { body(&$0) }
  }
}
