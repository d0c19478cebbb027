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

  /// Key for a table of clients, and their name for the log, `10.0.0.7` or `2001:db8:0:1::/64`; nil for the loopback,
  /// which represents many.
  package var key: String? {
    func part(_ number: UInt64, _ place: Int, bits: Int) -> UInt64 { number >> UInt64(place * bits) & (1 << bits - 1) }
    return switch self {
    case .loopback: nil
    case .ipv4(let number): [3, 2, 1, 0].map { String(part(UInt64(number), $0, bits: 8)) }.joined(separator: ".")
    case .ipv6(let number):
      [3, 2, 1, 0].map { String(part(number, $0, bits: 16), radix: 16) }.joined(separator: ":") + "::/64"
    case .unknown: "an unknown address"
    }
  }
}
