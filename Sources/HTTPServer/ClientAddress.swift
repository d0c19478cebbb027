internal import NIOCore
internal import ServerCore
internal import SystemIO

extension ClientAddress {
  init(_ address: SocketAddress?) {
    // sockaddr_in has its address at bytes 4 to 7, sockaddr_in6 at 8 to 23, on every system; `size` bytes are valid.
    let bytes =
      address?.withSockAddr { pointer, size in Array(UnsafeRawBufferPointer(start: pointer, count: size)) } ?? []
    switch address {
    case .v4 where bytes.count >= 8: self.init(bytes[4..<8])
    case .v6 where bytes.count >= 24: self.init(bytes[8..<24])
    case .unixDomainSocket: self = .loopback
    default: self = .unknown
    }
  }
}

extension NIODeadline {
  static func + (deadline: NIODeadline, duration: Duration) -> NIODeadline {
    deadline + TimeAmount(duration)
  }
}
