internal import SystemIO

/// Parser of /proc/net/tcp, /proc/net/tcp6, /proc/net/udp and /proc/net/udp6 (net/ipv4/tcp_ipv4.c, udp.c), and of the
/// files of these names in /proc/[pid]/net: a header, and a line for each socket,
/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 …`, with its addresses, its state, its two queues and its inode.
package enum SocketListParser {
  /// One socket.
  package struct Line {
    /// Places of the addresses with their ports, in hexadecimal.
    package let local: Range<Int>
    package let remote: Range<Int>
    /// Number of its state (include/net/tcp_states.h).
    package let state: UInt64
    /// Bytes not acknowledged, and bytes not read; of a listener the connections waiting to be accepted.
    package let transmitQueue: UInt64
    package let receiveQueue: UInt64
    /// Place of its inode; nil in a line without it.
    package let inode: Range<Int>?
  }

  /// Returns the next whole line of a socket from a position on; nil at the end.
  package static func next(_ bytes: Span<UInt8>, _ position: inout Int) -> Line? {
    while position < bytes.count {
      var place = position
      bytes.skipLine(&position)
      // A truncated line may contain a truncated number. The header has no numbers.
      if bytes.endsLine(before: position), let line = line(bytes, &place) { return line }
    }
    return nil
  }

  private static func line(_ bytes: Span<UInt8>, _ place: inout Int) -> Line? {
    bytes.skipWord(&place)
    guard let local = bytes.word(&place), let remote = bytes.word(&place),
      let word = bytes.word(&place), let state = bytes.hexadecimal(word), let queues = bytes.word(&place),
      let colon = queues.first(where: { bytes[$0] == UInt8(ascii: ":") }),
      let transmit = bytes.hexadecimal(queues.lowerBound..<colon),
      let receive = bytes.hexadecimal(colon + 1..<queues.upperBound)
    else { return nil }
    // Timer, retransmissions, user and timeout.
    for _ in 0..<4 { bytes.skipWord(&place) }
    return Line(
      local: local, remote: remote, state: state, transmitQueue: transmit, receiveQueue: receive,
      inode: bytes.word(&place))
  }
}
