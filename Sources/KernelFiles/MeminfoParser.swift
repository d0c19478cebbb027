internal import SystemIO

/// Parser of /proc/meminfo (proc_meminfo(5)): `Key:   number kB`, in any order; numbers without a unit are counts.
package enum MeminfoParser {
  /// One line.
  package struct Line {
    /// Place of the key, without its colon.
    package let key: Range<Int>
    /// Bytes, or a count.
    package let value: UInt64
    /// Whether the line has a unit.
    package let isBytes: Bool
  }

  /// Returns the next whole line from a position on; nil at the end.
  package static func next(_ bytes: Span<UInt8>, _ position: inout Int) -> Line? {
    while position < bytes.count {
      let start = position
      bytes.skipWord(&position)
      // The word is the key and its colon.
      let key = start..<max(start, position - 1)
      var line: Line?
      if !key.isEmpty, bytes.byte(at: key.upperBound) == UInt8(ascii: ":"), let value = value(bytes, &position) {
        line = Line(key: key, value: value.number, isBytes: value.isBytes)
      }
      bytes.skipLine(&position)
      if let line { return line }
    }
    return nil
  }

  /// MemTotal in bytes; nil if the text lacks it.
  package static func total(_ bytes: Span<UInt8>) -> UInt64? {
    var position = 0
    while let line = next(bytes, &position) {
      if line.isBytes, bytes.equals(line.key, "MemTotal") { return line.value }
    }
    return nil
  }

  /// The number of a line, in bytes if it has a unit; nil if the line is cut off, since the number may be too.
  private static func value(_ bytes: Span<UInt8>, _ position: inout Int) -> (number: UInt64, isBytes: Bool)? {
    guard let number = bytes.unsigned(&position) else { return nil }
    if bytes.byte(at: position) == UInt8(ascii: "\n") { return (number, false) }
    bytes.skipBlanks(&position)
    guard bytes.skip("kB", &position) else { return nil }
    let (size, overflows) = number.multipliedReportingOverflow(by: 1_024)
    return overflows ? nil : (size, true)
  }
}
