internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

/// /proc/meminfo and /proc/vmstat line by line.
enum NodeMemory {
  /// Fills the rows with the lines of /proc/meminfo.
  static func readMeminfo(_ bytes: Span<UInt8>, into rows: inout [NodeReading.MemoryLine]) {
    var used = 0
    var position = 0
    while let line = MeminfoParser.next(bytes, &position) {
      rows.setRow(used, bytes, line.key)
      rows[used].value = line.value
      rows[used].isBytes = line.isBytes
      used += 1
    }
    rows.cut(to: used)
  }

  /// Fills the rows with the counters of /proc/vmstat that node_exporter exposes by default.
  static func readVmstat(_ bytes: Span<UInt8>, into rows: inout [NodeReading.Count]) {
    var used = 0
    var position = 0
    while let (key, value) = VmstatParser.next(bytes, &position) {
      rows.setRow(used, bytes, key)
      rows[used].value = Int64(clamping: value)
      used += 1
    }
    rows.cut(to: used)
  }
}
