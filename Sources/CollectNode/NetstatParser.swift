internal import NodeMetrics
internal import SystemIO

/// Parser of /proc/net/snmp, /proc/net/netstat and /proc/net/snmp6: pairs of lines, `Tcp: ActiveOpens …` and `Tcp: 7 …`, and
/// `Ip6InOctets 5`.
///
/// Of the hundreds of counters it keeps those that node_exporter exposes by default or "Node Exporter Full" uses.
enum NetstatParser {
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

  /// Exposed names by the hash of their bytes.
  private static let exportedByHash: [UInt64: [String]] = {
    var table: [UInt64: [String]] = [:]
    for name in exported {
      var hash = seed
      for byte in name.utf8 { mix(byte, into: &hash) }
      table[hash, default: []].append(name)
    }
    return table
  }()

  private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  /// FNV-1a.
  private static func mix(_ byte: UInt8, into hash: inout UInt64) {
    hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  /// The exposed name of a protocol's counter; nil if it is not exposed.
  private static func exportedName(_ bytes: Span<UInt8>, _ name: Range<Int>, after proto: Range<Int>) -> String? {
    var hash = seed
    for index in proto { mix(bytes[index], into: &hash) }
    mix(UInt8(ascii: "_"), into: &hash)
    for index in name { mix(bytes[index], into: &hash) }
    guard let candidates = exportedByHash[hash] else { return nil }
    return candidates.first { candidate in
      guard candidate.utf8.count == proto.count + 1 + name.count else { return false }
      for (offset, byte) in candidate.utf8.enumerated() {
        if offset < proto.count {
          if byte != bytes[proto.lowerBound + offset] { return false }
        } else if offset > proto.count, byte != bytes[name.lowerBound + offset - proto.count - 1] {
          return false
        }
      }
      return true
    }
  }

  private static func add(
    _ bytes: Span<UInt8>, _ proto: Range<Int>, _ name: Range<Int>, _ value: Int64, to counts: inout [NodeReading.Count]
  ) {
    guard let name = exportedName(bytes, name, after: proto) else { return }
    var count = NodeReading.Count(name: name)
    count.value = value
    counts.append(count)
  }

  /// Adds the counters of pairs of lines.
  static func addPairs(_ bytes: Span<UInt8>, to counts: inout [NodeReading.Count]) {
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
        add(bytes, proto, name, value, to: &counts)
      }
    }
  }

  /// Adds the counters of lines of a name that begins with its protocol, `Udp6InErrors`, and a number.
  static func addLines(_ bytes: Span<UInt8>, to counts: inout [NodeReading.Count]) {
    var position = 0
    while position < bytes.count {
      if let word = bytes.word(&position), let six = word.first(where: { bytes[$0] == UInt8(ascii: "6") }),
        let value = bytes.signed(&position), bytes.byte(at: position) == UInt8(ascii: "\n")
      {
        add(bytes, word.lowerBound..<six + 1, six + 1..<word.upperBound, value, to: &counts)
      }
      bytes.skipLine(&position)
    }
  }
}
