internal import CollectLinux
internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

/// All counters of /proc/net/dev, of all interfaces but `lo`.
enum NodeTraffic {
  /// Fills the rows; nil without a whole line of any interface.
  static func read(_ bytes: Span<UInt8>, into traffic: inout [NodeReading.DeviceCounters]?) {
    var rows = traffic ?? []
    traffic = nil
    var hasAny = false
    var used = 0
    var position = 0
    while used < NetworkCollector.maximumInterfaces, let line = NetDevParser.next(bytes, &position) {
      hasAny = true
      if bytes.equals(line.name, "lo") { continue }
      rows.setRow(used, bytes, line.name)
      rows[used].values.removeAll(keepingCapacity: true)
      for index in line.values.indices { rows[used].values.append(line.values[index]) }
      used += 1
    }
    rows.cut(to: used)
    if hasAny { traffic = rows }
  }
}
