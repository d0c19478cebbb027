internal import CollectLinux
internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

/// The block devices of /proc/diskstats that node_exporter selects: all but RAM disks, loop devices, floppies and partitions.
enum NodeDisks {
  /// Fills the rows; nil without a whole line of any device, selected or not.
  static func read(_ bytes: Span<UInt8>, into disks: inout [NodeReading.DeviceCounters]?) {
    var rows = disks ?? []
    disks = nil
    var hasAny = false
    var used = 0
    var position = 0
    while used < DiskCollector.maximumDevices, let line = DiskstatsParser.next(bytes, &position) {
      hasAny = true
      if isLeftOut(bytes.extracting(line.name)) { continue }
      rows.setRow(used, bytes, line.name)
      rows[used].values.removeAll(keepingCapacity: true)
      for index in 0..<line.count { rows[used].values.append(line.values[index]) }
      used += 1
    }
    rows.cut(to: used)
    if hasAny { disks = rows }
  }

  /// Whether a name is that of a RAM disk, a loop device, a floppy or a partition.
  static func isLeftOut(_ name: Span<UInt8>) -> Bool {
    var end = name.count
    while end > 0, name[end - 1].isDigit { end -= 1 }
    guard end < name.count else { return false }
    for kind in ["ram", "loop", "fd"] as [StaticString] where name.starts(with: kind, at: 0) {
      return end == kind.utf8CodeUnitCount
    }
    // sda1, hdb2, vda3, xvda1.
    for kind in ["sd", "hd", "vd", "xvd"] as [StaticString] where name.starts(with: kind, at: 0) {
      return end == kind.utf8CodeUnitCount + 1
    }
    // nvme0n1p2.
    return name.starts(with: "nvme", at: 0) && name.byte(at: end - 1) == UInt8(ascii: "p")
  }
}
