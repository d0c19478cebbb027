internal import PrometheusExport
internal import SystemIO

/// /proc/net/arp (net/ipv4/arp.c): a header, and a line per neighbor with the interface in its sixth column.
enum NodeARP {
  /// Writes the number of neighbors of each interface.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) {
    var counts: [(device: Range<Int>, count: Int64)] = []
    var position = 0
    bytes.skipLine(&position)
    while position < bytes.count {
      var place = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position) else { break }
      for _ in 0..<5 { bytes.skipWord(&place) }
      guard let device = bytes.word(&place) else { continue }
      if let known = counts.firstIndex(where: { isSame(bytes, $0.device, device) }) {
        counts[known].count += 1
      } else {
        counts.append((device, 1))
      }
    }
    exposition.family("node_arp_entries", .gauge, "Known neighbors, by interface")
    for (device, count) in counts {
      exposition.sample()
      exposition.label("device", bytes.extracting(device))
      exposition.value(count)
    }
  }

  private static func isSame(_ bytes: Span<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Bool {
    guard left.count == right.count else { return false }
    for offset in 0..<left.count where bytes[left.lowerBound + offset] != bytes[right.lowerBound + offset] {
      return false
    }
    return true
  }
}
