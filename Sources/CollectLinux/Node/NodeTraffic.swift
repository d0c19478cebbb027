internal import PrometheusExport
internal import SystemIO

/// /proc/net/dev (net/core/net-procfs.c) with all its fields, for all interfaces except `lo`, like node_exporter.
enum NodeTraffic {
  private static let fields: [(name: StaticString, help: StaticString)] = [
    ("node_network_receive_bytes_total", "Bytes received"),
    ("node_network_receive_packets_total", "Packets received"),
    ("node_network_receive_errs_total", "Receive errors"),
    ("node_network_receive_drop_total", "Received packets dropped"),
    ("node_network_receive_fifo_total", "Received packets lost by FIFO overruns of the device"),
    ("node_network_receive_frame_total", "Received frames that were malformed"),
    ("node_network_receive_compressed_total", "Compressed packets received"),
    ("node_network_receive_multicast_total", "Multicast packets received"),
    ("node_network_transmit_bytes_total", "Bytes sent"),
    ("node_network_transmit_packets_total", "Packets sent"),
    ("node_network_transmit_errs_total", "Transmit errors"),
    ("node_network_transmit_drop_total", "Packets dropped before they were sent"),
    ("node_network_transmit_fifo_total", "Packets lost by FIFO overruns of the device"),
    ("node_network_transmit_colls_total", "Collisions"),
    ("node_network_transmit_carrier_total", "Packets lost without a carrier"),
    ("node_network_transmit_compressed_total", "Compressed packets sent"),
  ]

  /// Writes all interfaces; returns false without a complete line of any.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) -> Bool {
    var names: [Range<Int>] = []
    var values: [UInt64] = []
    var hasAny = false
    var position = 0
    while position < bytes.count, names.count < NetworkCollector.maximumInterfaces {
      var place = position
      bytes.skipLine(&position)
      // A truncated line may contain a truncated number.
      guard bytes.endsLine(before: position), let name = name(bytes, &place, end: position) else {
        continue
      }
      let count = values.count
      while values.count < count + fields.count, let value = bytes.unsigned(&place) { values.append(value) }
      guard values.count == count + fields.count else {
        values.removeLast(values.count - count)
        continue
      }
      hasAny = true
      if bytes.equals(name, "lo") { values.removeLast(fields.count) } else { names.append(name) }
    }
    for (index, field) in fields.enumerated() {
      exposition.family(field.name, .counter, field.help)
      for (place, name) in names.enumerated() {
        exposition.sample()
        exposition.label("device", bytes.extracting(name))
        exposition.value(values[place * fields.count + index])
      }
    }
    return hasAny
  }

  /// Parses the name up to the last colon, since an alias has one in its name ("eth0:1").
  private static func name(_ bytes: Span<UInt8>, _ position: inout Int, end: Int) -> Range<Int>? {
    bytes.skipBlanks(&position)
    let start = position
    guard let colon = (start..<max(start, end)).last(where: { bytes[$0] == UInt8(ascii: ":") }), colon > start else {
      return nil
    }
    for index in start..<colon where bytes[index].isBlankOrNewline || bytes[index] == UInt8(ascii: "|") { return nil }
    position = colon + 1
    return start..<colon
  }
}
