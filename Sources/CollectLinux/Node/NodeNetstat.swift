internal import PrometheusExport
internal import SystemIO

/// Counters of the protocols: /proc/net/snmp and /proc/net/netstat in pairs of lines, `Tcp: ActiveOpens …` and `Tcp: 7
/// …`, and /proc/net/snmp6, `Ip6InOctets 5`.
///
/// Of the hundreds of counters, those are written that node_exporter exports by default or "Node Exporter Full" uses.
enum NodeNetstat {
  private static let exported: Set<String> = [
    "Ip_Forwarding", "IpExt_InOctets", "IpExt_OutOctets", "Ip6_InOctets", "Ip6_OutOctets", "Icmp_InErrors",
    "Icmp_InMsgs", "Icmp_OutMsgs", "Icmp6_InErrors", "Icmp6_InMsgs", "Icmp6_OutMsgs", "TcpExt_ListenDrops",
    "TcpExt_ListenOverflows", "TcpExt_SyncookiesFailed", "TcpExt_SyncookiesRecv", "TcpExt_SyncookiesSent",
    "TcpExt_TCPOFOQueue", "TcpExt_TCPRcvQDrop", "TcpExt_TCPSynRetrans", "TcpExt_TCPTimeouts", "Tcp_ActiveOpens",
    "Tcp_CurrEstab", "Tcp_InErrs", "Tcp_InSegs", "Tcp_MaxConn", "Tcp_OutRsts", "Tcp_OutSegs", "Tcp_PassiveOpens",
    "Tcp_RetransSegs", "Udp_InDatagrams", "Udp_InErrors", "Udp_NoPorts", "Udp_OutDatagrams", "Udp_RcvbufErrors",
    "Udp_SndbufErrors", "Udp6_InDatagrams", "Udp6_InErrors", "Udp6_NoPorts", "Udp6_OutDatagrams", "Udp6_RcvbufErrors",
    "Udp6_SndbufErrors", "UdpLite_InErrors", "UdpLite6_InErrors",
  ]

  /// Exported counters, by the hash of their names.
  private static let reportedBytes: [UInt64: [[UInt8]]] = {
    var table: [UInt64: [[UInt8]]] = [:]
    for name in exported {
      let bytes = Array(name.utf8)
      var hash = seed
      for byte in bytes { mix(byte, into: &hash) }
      table[hash, default: []].append(bytes)
    }
    return table
  }()

  private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  /// FNV-1a.
  private static func mix(_ byte: UInt8, into hash: inout UInt64) {
    hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  private static func isReported(_ bytes: Span<UInt8>, _ name: Range<Int>, after proto: Range<Int>) -> Bool {
    var hash = seed
    for index in proto { mix(bytes[index], into: &hash) }
    mix(UInt8(ascii: "_"), into: &hash)
    for index in name { mix(bytes[index], into: &hash) }
    guard let candidates = reportedBytes[hash] else { return false }
    return candidates.contains { candidate in
      guard candidate.count == proto.count + 1 + name.count else { return false }
      for (offset, index) in proto.enumerated() where candidate[offset] != bytes[index] { return false }
      for (offset, index) in name.enumerated() where candidate[proto.count + 1 + offset] != bytes[index] {
        return false
      }
      return true
    }
  }

  /// Writes pairs of lines.
  static func writePairs(_ bytes: Span<UInt8>, to exposition: inout Exposition) {
    var position = 0
    while position < bytes.count {
      var names = position
      bytes.skipLine(&position)
      var values = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position), let title = bytes.word(&names),
        let second = bytes.word(&values), title.count > 1, title.count == second.count,
        bytes.byte(at: title.upperBound - 1) == UInt8(ascii: ":")
      else { continue }
      let proto = title.lowerBound..<title.upperBound - 1
      while let name = bytes.word(&names) {
        guard let value = bytes.signed(&values) else { break }
        if isReported(bytes, name, after: proto) { write(bytes, proto, name, value, to: &exposition) }
      }
    }
  }

  /// Writes lines with a name that begins with its protocol, `Udp6InErrors`, and a number.
  static func writeLines(_ bytes: Span<UInt8>, to exposition: inout Exposition) {
    var position = 0
    while position < bytes.count {
      if let word = bytes.word(&position), let six = word.first(where: { bytes[$0] == UInt8(ascii: "6") }),
        isReported(bytes, six + 1..<word.upperBound, after: word.lowerBound..<six + 1),
        let value = bytes.signed(&position),
        bytes.byte(at: position) == UInt8(ascii: "\n")
      {
        write(bytes, word.lowerBound..<six + 1, six + 1..<word.upperBound, value, to: &exposition)
      }
      bytes.skipLine(&position)
    }
  }

  private static func write(
    _ bytes: Span<UInt8>, _ proto: Range<Int>, _ name: Range<Int>, _ value: Int64, to exposition: inout Exposition
  ) {
    var text: [UInt8] = []
    text.reserveCapacity(proto.count + 1 + name.count)
    for index in proto { text.append(bytes[index]) }
    text.append(UInt8(ascii: "_"))
    for index in name { text.append(bytes[index]) }
    exposition.family("node_netstat_", text.span, .unknown, "A counter of the kernel's network protocols (RFC 1213)")
    exposition.sample()
    exposition.value(value)
  }
}
