internal import SystemIO

/// Parser of /proc/vmstat (mm/vmstat.c): `key number`, one per line.
///
/// Of the hundreds of counters it keeps those of paging, swapping, faults and OOM kills.
package enum VmstatParser {
  /// Returns the next counter from a position on; nil at the end.
  package static func next(_ bytes: Span<UInt8>, _ position: inout Int) -> (key: Range<Int>, value: UInt64)? {
    while position < bytes.count {
      var counter: (key: Range<Int>, value: UInt64)?
      if isWanted(bytes, at: position), let key = bytes.word(&position), let value = bytes.unsigned(&position),
        bytes.byte(at: position) == UInt8(ascii: "\n")
      {
        counter = (key, value)
      }
      bytes.skipLine(&position)
      if let counter { return counter }
    }
    return nil
  }

  private static func isWanted(_ bytes: Span<UInt8>, at position: Int) -> Bool {
    if bytes.starts(with: "oom_kill", at: position) { return true }
    guard bytes.byte(at: position) == UInt8(ascii: "p") else { return false }
    if bytes.starts(with: "pgpg", at: position) || bytes.starts(with: "pswp", at: position) { return true }
    guard bytes.starts(with: "pg", at: position) else { return false }
    // pgfault, pgmajfault: words that contain "fault".
    var end = position
    guard let word = bytes.word(&end), word.count >= 7 else { return false }
    for start in word.lowerBound...(word.upperBound - 5) where bytes.starts(with: "fault", at: start) { return true }
    return false
  }
}
