internal import SystemIO

/// Parser of /proc/diskstats (Documentation/admin-guide/iostats.rst): major, minor, name, and 11 counters.
///
/// There are 15 since kernel 4.18 and 17 since 5.5. Before 2.6.25 partitions had four, and are skipped.
package enum DiskstatsParser {
  /// One device's counters.
  package struct Line {
    package let major: UInt64
    package let minor: UInt64
    /// Place of the name.
    package let name: Range<Int>
    /// The counters in the order of the file; those from ``count`` on are 0.
    package private(set) var values: InlineArray<17, UInt64>
    /// Counters that the line has.
    package let count: Int

    package var reads: UInt64 { values[0] }
    package var sectorsRead: UInt64 { values[2] }
    package var readMilliseconds: UInt64 { values[3] }
    package var writes: UInt64 { values[4] }
    package var sectorsWritten: UInt64 { values[6] }
    package var writeMilliseconds: UInt64 { values[7] }
    package var inFlight: UInt64 { values[8] }
    package var busyMilliseconds: UInt64 { values[9] }
    package var queueMilliseconds: UInt64 { values[10] }

    /// Adds another device's counters.
    package mutating func add(_ other: Line) {
      for index in values.indices { values[index] &+= other.values[index] }
    }
  }

  /// Returns the next whole line from a position on; nil at the end.
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
    guard let major = bytes.unsigned(&position), let minor = bytes.unsigned(&position),
      let name = bytes.word(&position)
    else { return nil }
    var values = InlineArray<17, UInt64>(repeating: 0)
    var count = 0
    while count < values.count, let value = bytes.unsigned(&position) {
      values[count] = value
      count += 1
    }
    return count < 11 ? nil : Line(major: major, minor: minor, name: name, values: values, count: count)
  }
}
