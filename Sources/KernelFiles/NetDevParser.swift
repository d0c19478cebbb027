internal import SystemIO

/// Parser of /proc/net/dev (net/core/net-procfs.c): two header lines, then `name: ` and 16 numbers.
package enum NetDevParser {
  /// One interface's counters.
  package struct Line {
    /// Place of the name.
    package let name: Range<Int>
    /// The counters in the order of the file: bytes, packets, errs, drop, fifo, frame, compressed and multicast
    /// received; bytes, packets, errs, drop, fifo, colls, carrier and compressed sent.
    package let values: InlineArray<16, UInt64>

    package var receiveBytes: UInt64 { values[0] }
    package var receivePackets: UInt64 { values[1] }
    package var receiveErrors: UInt64 { values[2] }
    package var receiveDrops: UInt64 { values[3] }
    package var transmitBytes: UInt64 { values[8] }
    package var transmitPackets: UInt64 { values[9] }
    package var transmitErrors: UInt64 { values[10] }
    package var transmitDrops: UInt64 { values[11] }
  }

  /// Returns the next whole line of an interface from a position on; nil at the end.
  package static func next(_ bytes: Span<UInt8>, _ position: inout Int) -> Line? {
    while position < bytes.count {
      let line = line(bytes, &position)
      bytes.skipLine(&position)
      // A truncated line may contain a truncated number.
      if let line, bytes.endsLine(before: position) { return line }
    }
    return nil
  }

  private static func line(_ bytes: Span<UInt8>, _ position: inout Int) -> Line? {
    bytes.skipBlanks(&position)
    let start = position
    // Up to the last colon: kernels before 2.6.36 leave no blank after it, and an alias has one in its name ("eth0:1").
    var end = start
    var scan = start
    while let byte = bytes.byte(at: scan), byte != UInt8(ascii: "\n") {
      if byte == UInt8(ascii: ":") { end = scan }
      scan += 1
    }
    guard end > start else { return nil }
    for index in start..<end where bytes[index].isBlankOrNewline || bytes[index] == UInt8(ascii: "/") { return nil }
    position = end + 1
    var values = InlineArray<16, UInt64>(repeating: 0)
    for index in values.indices {
      guard let value = bytes.unsigned(&position) else { return nil }
      values[index] = value
    }
    return Line(name: start..<end, values: values)
  }
}
