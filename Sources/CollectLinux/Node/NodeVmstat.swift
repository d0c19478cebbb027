internal import PrometheusExport
internal import SystemIO

/// /proc/vmstat (mm/vmstat.c): node_exporter's default counters of paging, swapping and faults.
enum NodeVmstat {
  /// Writes them; returns false without any.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) -> Bool {
    var position = 0
    var hasAny = false
    while position < bytes.count {
      if isReported(bytes, at: position), let key = bytes.word(&position), let number = bytes.unsigned(&position),
        bytes.byte(at: position) == UInt8(ascii: "\n")
      {
        exposition.family("node_vmstat_", bytes.extracting(key), .unknown, "A counter of /proc/vmstat")
        exposition.sample()
        exposition.value(number)
        hasAny = true
      }
      bytes.skipLine(&position)
    }
    return hasAny
  }

  private static func isReported(_ bytes: Span<UInt8>, at position: Int) -> Bool {
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
