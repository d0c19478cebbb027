internal import NodeMetrics
internal import SystemIO

/// Parser of /proc/net/sockstat and /proc/net/sockstat6 (net/ipv4/proc.c): `TCP: inuse 8 orphan 0 tw 33 alloc 8 mem
/// 148`.
enum SockstatParser {
  /// Fills the rows from `used` on, which it advances; returns TCP's connections and listeners, those in TIME_WAIT
  /// included.
  @discardableResult
  static func parse(
    _ bytes: Span<UInt8>, pageSize: UInt64, into rows: inout [NodeReading.SocketCount], _ used: inout Int
  ) -> UInt64 {
    var connections: UInt64 = 0
    var position = 0
    while position < bytes.count {
      var place = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position), let title = bytes.word(&place), title.count > 1,
        bytes.byte(at: title.upperBound - 1) == UInt8(ascii: ":")
      else { continue }
      let proto = title.lowerBound..<title.upperBound - 1
      while let key = bytes.word(&place), let value = bytes.unsigned(&place) {
        if bytes.equals(proto, "TCP"), bytes.equals(key, "inuse") || bytes.equals(key, "tw") { connections &+= value }
        if used == rows.count || !isName(rows[used].name, of: key, proto, bytes) {
          let row = NodeReading.SocketCount(name: bytes.string(proto) + "_" + bytes.string(key))
          if used == rows.count { rows.append(row) } else { rows[used] = row }
        }
        rows[used].value = value
        // Pages; the value of fragments is in bytes already.
        let (size, overflows) = value.multipliedReportingOverflow(by: pageSize)
        rows[used].bytes = bytes.equals(key, "mem") && !overflows ? size : nil
        used += 1
      }
    }
    return connections
  }

  /// Whether a name is a protocol, an underscore and a key.
  private static func isName(_ name: String, of key: Range<Int>, _ proto: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
    guard name.utf8.count == proto.count + 1 + key.count else { return false }
    for (index, byte) in name.utf8.enumerated() {
      let expected =
        index < proto.count
        ? bytes[proto.lowerBound + index]
        : index == proto.count ? UInt8(ascii: "_") : bytes[key.lowerBound + index - proto.count - 1]
      if byte != expected { return false }
    }
    return true
  }
}
