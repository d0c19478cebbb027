internal import NIOCore
internal import ServerCore
internal import SystemIO

extension UnixSocket {
  /// Whether a server listens on it already; a socket of an ended one refuses.
  var isAnswering: Bool {
    guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return false }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return address.withSockAddr { connect(descriptor, $0, socklen_t($1)) } == 0
  }

  /// Gives the group and the permissions of the settings to the socket, which bind(2) made for its owner.
  func share() throws(ListenError) {
    if let group, chown(path, uid_t.max, gid_t(group)) != 0 {
      let reason = SystemError.text(of: SystemError.last)
      throw ListenError(
        socket: path,
        reason: "it cannot be given to the group \(group), to which the agent's user must belong (\(reason))")
    }
    if chmod(path, mode_t(mode)) != 0 {
      let reason = SystemError.text(of: SystemError.last)
      throw ListenError(socket: path, reason: "its permissions cannot be set (\(reason))")
    }
  }
}
