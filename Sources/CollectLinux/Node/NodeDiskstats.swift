internal import PrometheusExport
internal import SystemIO

/// /proc/diskstats (Documentation/admin-guide/iostats.rst) with all its fields, for node_exporter's devices: all except
/// RAM disks, loop devices, floppies and partitions.
enum NodeDiskstats {
  private struct DiskLine {
    let name: Range<Int>
    var fields: [UInt64?]
  }

  /// Fields after the name; some kernels have fewer.
  private struct DiskField {
    let name: StaticString
    let help: StaticString
    var kind = Exposition.ExposedType.counter
    var unit: UInt64 = 1
    var decimals = 0
  }

  private static let fields: [DiskField] = [
    DiskField(name: "node_disk_reads_completed_total", help: "Reads completed"),
    DiskField(name: "node_disk_reads_merged_total", help: "Reads merged with others"),
    DiskField(name: "node_disk_read_bytes_total", help: "Bytes read", unit: 512),
    DiskField(name: "node_disk_read_time_seconds_total", help: "Time that reads took, summed", decimals: 3),
    DiskField(name: "node_disk_writes_completed_total", help: "Writes completed"),
    DiskField(name: "node_disk_writes_merged_total", help: "Writes merged with others"),
    DiskField(name: "node_disk_written_bytes_total", help: "Bytes written", unit: 512),
    DiskField(name: "node_disk_write_time_seconds_total", help: "Time that writes took, summed", decimals: 3),
    DiskField(name: "node_disk_io_now", help: "Requests in flight", kind: .gauge),
    DiskField(name: "node_disk_io_time_seconds_total", help: "Time with a request in flight", decimals: 3),
    DiskField(
      name: "node_disk_io_time_weighted_seconds_total", help: "Time in flight, summed over requests", decimals: 3),
    DiskField(name: "node_disk_discards_completed_total", help: "Discards completed"),
    DiskField(name: "node_disk_discards_merged_total", help: "Discards merged"),
    DiskField(name: "node_disk_discarded_sectors_total", help: "Sectors discarded"),
    DiskField(name: "node_disk_discard_time_seconds_total", help: "Time that discards took, summed", decimals: 3),
    DiskField(name: "node_disk_flush_requests_total", help: "Flushes completed"),
    DiskField(name: "node_disk_flush_requests_time_seconds_total", help: "Time that flushes took, summed", decimals: 3),
  ]

  /// Writes all devices; returns false without a complete line of any device, even an excluded one.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) -> Bool {
    var devices: [DiskLine] = []
    var hasAny = false
    var position = 0
    while position < bytes.count, devices.count < DiskCollector.maximumDevices {
      let device = device(bytes, &position)
      bytes.skipLine(&position)
      // A truncated line may contain a truncated number.
      guard let device, bytes.endsLine(before: position) else { continue }
      hasAny = true
      if !isLeftOut(bytes.extracting(device.name)) { devices.append(device) }
    }
    for (index, field) in fields.enumerated() {
      exposition.family(field.name, field.kind, field.help)
      for device in devices {
        guard let value = device.fields[index] else { continue }
        exposition.sample()
        exposition.label("device", bytes.extracting(device.name))
        exposition.value(value &* field.unit, decimals: field.decimals)
      }
    }
    return hasAny
  }

  private static func device(_ bytes: Span<UInt8>, _ position: inout Int) -> DiskLine? {
    guard bytes.unsigned(&position) != nil, bytes.unsigned(&position) != nil, let name = bytes.word(&position) else {
      return nil
    }
    var values: [UInt64?] = []
    values.reserveCapacity(fields.count)
    for _ in fields { values.append(bytes.unsigned(&position)) }
    // Before kernel 2.6.25 partitions had four fields.
    return values[10] == nil ? nil : DiskLine(name: name, fields: values)
  }

  /// Whether a name is of a RAM disk, a loop device, a floppy or a partition.
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
