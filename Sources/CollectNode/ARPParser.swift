internal import NodeMetrics
internal import SystemIO

/// Parser of /proc/net/arp (net/ipv4/arp.c): a header, and a line for each neighbor with its interface in column six.
enum ARPParser {
  /// Counts the neighbors of each interface, in the order of the file.
  static func parse(_ bytes: Span<UInt8>, into counts: inout [NodeReading.Count]) {
    counts.removeAll(keepingCapacity: true)
    var position = 0
    bytes.skipLine(&position)
    while position < bytes.count {
      var place = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position) else { break }
      for _ in 0..<5 { bytes.skipWord(&place) }
      guard let device = bytes.word(&place) else { continue }
      if let known = counts.firstIndex(where: { bytes.equals(device, $0.name) }) {
        counts[known].value += 1
      } else {
        var count = NodeReading.Count(name: bytes.string(device))
        count.value = 1
        counts.append(count)
      }
    }
  }
}
