internal import PrometheusExport
internal import SystemIO

/// /proc/net/sockstat and sockstat6 (net/ipv4/proc.c): `TCP: inuse 8 orphan 0 tw 33 alloc 8 mem 148`.
enum NodeSockstat {
  /// Writes all counters; returns the number of TCP connections and listeners, including TIME_WAIT.
  @discardableResult
  static func write(_ bytes: Span<UInt8>, pageSize: UInt64, to exposition: inout Exposition) -> UInt64 {
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
        write(bytes, proto, key, "", value, to: &exposition)
        // Pages; the value of fragments is in bytes already.
        let (size, overflows) = value.multipliedReportingOverflow(by: pageSize)
        if bytes.equals(key, "mem"), !overflows { write(bytes, proto, key, "_bytes", size, to: &exposition) }
      }
    }
    return connections
  }

  private static func write(
    _ bytes: Span<UInt8>, _ proto: Range<Int>, _ key: Range<Int>, _ suffix: StaticString, _ value: UInt64,
    to exposition: inout Exposition
  ) {
    var text: [UInt8] = []
    text.reserveCapacity(proto.count + 1 + key.count)
    for index in proto { text.append(bytes[index]) }
    text.append(UInt8(ascii: "_"))
    for index in key { text.append(bytes[index]) }
    exposition.family(
      "node_sockstat_", text.span, suffix: suffix, .gauge, "A value of /proc/net/sockstat or sockstat6")
    exposition.sample()
    exposition.value(value)
  }
}
