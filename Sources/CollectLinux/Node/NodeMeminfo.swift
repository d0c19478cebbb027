internal import PrometheusExport
internal import SystemIO

/// /proc/meminfo (proc_meminfo(5)) line by line: `Active(anon):  123 kB` is `node_memory_Active_anon_bytes`.
enum NodeMeminfo {
  /// Writes every complete line; returns false without any.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) -> Bool {
    var position = 0
    var hasAny = false
    while position < bytes.count {
      let start = position
      bytes.skipWord(&position)
      // The word is the key and its colon.
      let key = start..<max(start, position - 1)
      if !key.isEmpty, bytes.byte(at: key.upperBound) == UInt8(ascii: ":"), let value = value(bytes, &position) {
        let name = bytes.extracting(key)
        if value.isBytes {
          exposition.family("node_memory_", name, suffix: "_bytes", .gauge, "A line of /proc/meminfo, in bytes")
        } else {
          exposition.family("node_memory_", name, .gauge, "A line of /proc/meminfo")
        }
        exposition.sample()
        exposition.value(value.number)
        hasAny = true
      }
      bytes.skipLine(&position)
    }
    return hasAny
  }

  /// The number of a line, in bytes if it has a unit; nil for a truncated line, whose number may be truncated too.
  private static func value(_ bytes: Span<UInt8>, _ position: inout Int) -> (number: UInt64, isBytes: Bool)? {
    guard let number = bytes.unsigned(&position) else { return nil }
    if bytes.byte(at: position) == UInt8(ascii: "\n") { return (number, false) }
    bytes.skipBlanks(&position)
    guard bytes.skip("kB", &position) else { return nil }
    let (size, overflows) = number.multipliedReportingOverflow(by: 1_024)
    return overflows ? nil : (size, true)
  }
}
