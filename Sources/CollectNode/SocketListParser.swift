internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

/// Parser of /proc/net/tcp, /proc/net/tcp6, /proc/net/udp and /proc/net/udp6 (net/ipv4/tcp_ipv4.c, udp.c): a header,
/// and a line for each socket, `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 …`, with its state and its two
/// queues.
enum SocketListParser {
  /// Adds the lines of a list.
  static func add(_ bytes: Span<UInt8>, to totals: inout NodeReading.SocketTotals) {
    var position = 0
    bytes.skipLine(&position)
    while position < bytes.count {
      var place = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position) else { break }
      for _ in 0..<3 { bytes.skipWord(&place) }
      guard let word = bytes.word(&place), let state = bytes.hexadecimal(word), let queues = bytes.word(&place),
        let colon = queues.first(where: { bytes[$0] == UInt8(ascii: ":") }),
        let transmit = bytes.hexadecimal(queues.lowerBound..<colon),
        let receive = bytes.hexadecimal(colon + 1..<queues.upperBound)
      else { continue }
      if let state = Int(exactly: state), state < totals.states.count { totals.states[state] += 1 }
      totals.transmitQueue &+= transmit
      // A listener's is the number of connections waiting to be accepted.
      if state != 10 { totals.receiveQueue &+= receive }
    }
  }
}
