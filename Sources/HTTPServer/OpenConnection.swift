internal import NIOCore
internal import ServerCore

/// An accepted connection, whatever its protocol; used only on its event loop.
final class OpenConnection {
  let channel: any Channel
  /// Client of the connection, for the limit per client.
  let client: ClientAddress
  /// Neighbors in the list of idle connections, managed by ``Connections``.
  var idleLinks = Connections.Links()
  /// Time at which the connection is closed unless something happens; nil while a response is created or sent.
  var deadline: NIODeadline?
  /// Whether the deadline is that of a client that does not read.
  var isStalled = false
  /// Ends the connection as its protocol requires; nil where closing is enough.
  var end: (() -> Void)?

  /// - Parameter deadline: of its first request.
  init(channel: any Channel, client: ClientAddress, deadline: NIODeadline) {
    self.channel = channel
    self.client = client
    self.deadline = deadline
  }

  func close() {
    if let end { end() } else { channel.close(promise: nil) }
  }
}
