internal import PrometheusExport
internal import SystemIO

/// /proc/net/softnet_stat (net/core/net-procfs.c): a line of hexadecimal numbers per online CPU.
enum NodeSoftnet {
  private static let families: [(name: StaticString, help: StaticString, column: Int)] = [
    ("node_softnet_processed_total", "Packets processed by each CPU", 0),
    ("node_softnet_dropped_total", "Packets dropped because a CPU's queue was full", 1),
    ("node_softnet_times_squeezed_total", "Times that a CPU exceeded its packet budget", 2),
    ("node_softnet_received_rps_total", "Times that a CPU was woken by another to process packets", 9),
    ("node_softnet_flow_limit_count_total", "Packets dropped because a flow exceeded its limit", 10),
  ]

  /// Writes all CPUs.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) {
    var rows: [[UInt64]] = []
    var position = 0
    while position < bytes.count, rows.count < StatParser.maximumCPUs {
      var place = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position) else { break }
      var row: [UInt64] = []
      while row.count < 13, let word = bytes.word(&place), let value = bytes.hexadecimal(word) { row.append(value) }
      if row.count >= 3 { rows.append(row) }
    }
    for family in families {
      exposition.family(family.name, .counter, family.help)
      for (index, row) in rows.enumerated() where family.column < row.count {
        exposition.sample()
        // Since kernel 5.14 the line contains its CPU; offline CPUs have none.
        exposition.label("cpu", row.count > 12 ? Int(clamping: row[12]) : index)
        exposition.value(row[family.column])
      }
    }
  }
}

extension Span where Element == UInt8 {
  /// Parses a word as a hexadecimal number; nil if it is malformed or exceeds 64 bits.
  func hexadecimal(_ word: Range<Int>) -> UInt64? {
    guard !word.isEmpty, word.count <= 16, word.lowerBound >= 0, word.upperBound <= count else { return nil }
    var value: UInt64 = 0
    for index in word {
      let byte = self[index] | 0x20
      let digit: UInt8
      if self[index].isDigit {
        digit = self[index] - UInt8(ascii: "0")
      } else if byte >= UInt8(ascii: "a"), byte <= UInt8(ascii: "f") {
        digit = byte - UInt8(ascii: "a") + 10
      } else {
        return nil
      }
      value = value << 4 | UInt64(digit)
    }
    return value
  }
}
