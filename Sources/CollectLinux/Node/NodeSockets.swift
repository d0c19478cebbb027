internal import PrometheusExport
internal import SystemIO

/// Lists of sockets (net/ipv4/tcp_ipv4.c, udp.c): /proc/net/{tcp,tcp6,udp,udp6}, a header and a line per socket, `0:
/// 0100007F:1F90 00000000:0000 0A 00000000:00000000 …`, with its state and its two queues.
enum NodeSockets {
  /// Sums over the lines of a list.
  struct Totals: Sendable {
    /// Counts by state (include/net/tcp_states.h), 1 is ESTABLISHED.
    var states = [Int64](repeating: 0, count: 13)
    var transmit: UInt64 = 0
    var receive: UInt64 = 0
    var isThere = false

    private static let names: [StaticString] = [
      "", "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait", "close", "close_wait",
      "last_ack",
      "listen", "closing", "",
    ]

    /// Writes TCP's connections.
    func writeConnections(to exposition: inout Exposition) {
      exposition.family(
        "node_tcp_connection_states", .gauge, "TCP's connections and listeners by state, and bytes in their queues")
      for (state, name) in Self.names.enumerated() where name.utf8CodeUnitCount > 0 {
        exposition.sample()
        exposition.label("state", name)
        exposition.value(states[state])
      }
      exposition.sample()
      exposition.label("state", "rx_queued_bytes" as StaticString)
      exposition.value(receive)
      exposition.sample()
      exposition.label("state", "tx_queued_bytes" as StaticString)
      exposition.value(transmit)
    }
  }

  /// UDP's queues.
  struct Queues {
    var v4 = Totals()
    var v6 = Totals()

    func write(to exposition: inout Exposition) {
      exposition.family("node_udp_queues", .gauge, "Bytes in the queues of UDP's sockets")
      for (ip, totals) in [("v4" as StaticString, v4), ("v6", v6)] where totals.isThere {
        for (queue, bytes) in [("rx" as StaticString, totals.receive), ("tx", totals.transmit)] {
          exposition.sample()
          exposition.label("ip", ip)
          exposition.label("queue", queue)
          exposition.value(bytes)
        }
      }
    }
  }

  /// Adds the lines of a list.
  static func add(_ bytes: Span<UInt8>, to totals: inout Totals) {
    totals.isThere = true
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
      totals.transmit &+= transmit
      // A listener's is the number of connections waiting to be accepted.
      if state != 10 { totals.receive &+= receive }
    }
  }
}
