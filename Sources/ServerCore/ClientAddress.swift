/// Client of a connection: an IPv4 address, or an IPv6 /64, which usually belongs to one client.
package enum ClientAddress: Hashable, Sendable {
  /// This machine, or a reverse proxy on it, which represents many clients.
  case loopback
  case ipv4(UInt32)
  /// The network half of an address.
  case ipv6(UInt64)
  /// Another kind of address, or an unknown one.
  case unknown

  /// Creates it from the bytes of an IP address in network order.
  package init(_ bytes: some Collection<UInt8>) {
    switch bytes.count {
    case 4: self = Self.ipv4(Self.number(bytes))
    case 16:
      let (high, low) = (Self.number(bytes.prefix(8)), Self.number(bytes.dropFirst(8)))
      switch (high, low) {
      case (0, 1): self = .loopback
      // An IPv4 client of a socket that listens on "::" (RFC 4291 §2.5.5.2).
      case (0, let low) where low >> 32 == 0xFFFF: self = Self.ipv4(low)
      default: self = .ipv6(high)
      }
    default: self = .unknown
    }
  }

  private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func ipv4(_ number: UInt64) -> ClientAddress {
    let address = UInt32(truncatingIfNeeded: number)
    return address >> 24 == 127 ? .loopback : .ipv4(address)
  }

  /// Key for a table of clients; nil for the loopback, which represents many.
  package var key: String? {
    switch self {
    case .loopback: nil
    case .ipv4(let bytes): "4:\(bytes)"
    case .ipv6(let bytes): "6:\(bytes)"
    case .unknown: "?"
    }
  }
}
