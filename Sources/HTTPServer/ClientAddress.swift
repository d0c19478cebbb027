internal import NIOCore
internal import SystemIO

/// Client of a connection: an IPv4 address, or an IPv6 /64, which usually belongs to one client.
enum ClientAddress: Hashable, Sendable {
  /// This machine, or a reverse proxy on it, which represents many clients.
  case loopback
  case ipv4(UInt32)
  /// The network half of an address.
  case ipv6(UInt64)
  /// Another kind of address, or an unknown one.
  case unknown

  init(_ address: SocketAddress?) {
    // sockaddr_in has its address at bytes 4 to 7, sockaddr_in6 at 8 to 23, on every system; `size` bytes are valid.
    let bytes =
      address?.withSockAddr { pointer, size in Array(UnsafeRawBufferPointer(start: pointer, count: size)) } ?? []
    switch address {
    case .v4 where bytes.count >= 8: self = Self.ipv4(Self.number(bytes[4..<8]))
    case .v6 where bytes.count >= 24:
      let (high, low) = (Self.number(bytes[8..<16]), Self.number(bytes[16..<24]))
      switch (high, low) {
      case (0, 1): self = .loopback
      // An IPv4 client of a socket that listens on "::" (RFC 4291 §2.5.5.2).
      case (0, let low) where low >> 32 == 0xFFFF: self = Self.ipv4(low)
      default: self = .ipv6(high)
      }
    default: self = .unknown
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func ipv4(_ number: UInt64) -> ClientAddress {
    let address = UInt32(truncatingIfNeeded: number)
    return address >> 24 == 127 ? .loopback : .ipv4(address)
  }

  /// Key for a table of clients; nil for the loopback, which represents many.
  var key: String? {
    switch self {
    case .loopback: nil
    case .ipv4(let bytes): "4:\(bytes)"
    case .ipv6(let bytes): "6:\(bytes)"
    case .unknown: "?"
    }
  }
}
