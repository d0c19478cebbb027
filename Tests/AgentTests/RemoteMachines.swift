import ClientNIO
import Remote

extension RemoteMachine {
  /// Creates a machine over NIO.
  convenience init(
    _ address: String, token: @escaping @Sendable () -> String? = { nil }, authorities: String? = nil, capacity: Int,
    catchUpPause: Double = 60
  ) throws {
    try self.init(
      address, by: NIOTransport(), token: token, authorities: authorities, capacity: capacity,
      catchUpPause: catchUpPause)
  }
}
