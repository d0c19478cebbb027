internal import CollectLinux
internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

/// Parser of /proc/net/softnet_stat (net/core/net-procfs.c): a line of hexadecimal numbers for each online CPU.
enum SoftnetParser {
  /// Fills the rows with the CPUs in the order of the file.
  static func parse(_ bytes: Span<UInt8>, into rows: inout [NodeReading.SoftnetRow]) {
    var used = 0
    var position = 0
    while position < bytes.count, used < StatParser.maximumCPUs {
      var place = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position) else { break }
      if used == rows.count { rows.append(NodeReading.SoftnetRow()) }
      rows[used].values.removeAll(keepingCapacity: true)
      while rows[used].values.count < 13, let word = bytes.word(&place), let value = bytes.hexadecimal(word) {
        rows[used].values.append(value)
      }
      guard rows[used].values.count >= 3 else { continue }
      // Since kernel 5.14 the line names its CPU; offline CPUs have none.
      rows[used].cpu = rows[used].values.count > 12 ? Int(clamping: rows[used].values[12]) : used
      used += 1
    }
    if used < rows.count { rows.removeLast(rows.count - used) }
  }
}
