internal import AgentMetrics
internal import KernelFiles
internal import SystemIO

/// Errors that the kernel counts of a block device, in files that every user may read.
///
/// - SCSI and SATA: failed requests, and in newer kernels those that timed out.
/// - NVMe: the driver counts none in sysfs; those of its PCIe link that could not be corrected are counted by AER
///   (Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats).
/// - Arrays: read errors of the members that were corrected from the others, missing members, and sectors that differed
///   between members at the last check (Documentation/admin-guide/md.rst).
struct DiskErrors {
  /// How a file has its count.
  private enum Format {
    /// Of SCSI in hexadecimal digits, of arrays in decimal ones.
    case number
    /// As the last of several lines.
    case fatal, nonfatal
  }

  private struct Source {
    let count: any WritableKeyPath<DiskReading, UInt64?> & Sendable
    let format: Format
    var file: BackoffFile
  }

  /// Maximum controllers of an NVMe disk, and members of an array.
  private static let maxParts = 64

  private var sources: [Source] = []

  /// Finds the files of a device.
  ///
  /// - Parameter path: its folder in sysfs.
  init(_ device: String, in path: String) {
    if device.hasPrefix("sd") {
      add(\.errors, path + "/device/ioerr_cnt")
      add(\.timeouts, path + "/device/iotmo_cnt")
    } else if device.hasPrefix("nvme") {
      for controller in Self.controllers(of: path) {
        add(\.linkErrors, controller + "/device/aer_dev_nonfatal", .nonfatal)
        add(\.linkErrors, controller + "/device/aer_dev_fatal", .fatal)
      }
    } else if device.hasPrefix("md") {
      add(\.missingMembers, path + "/md/degraded")
      add(\.mismatchedSectors, path + "/md/mismatch_cnt")
      let members = Files.names(in: path + "/md").filter { $0.hasPrefix("dev-") }.sorted()
      for member in members.prefix(Self.maxParts) { add(\.memberErrors, path + "/md/" + member + "/errors") }
    }
  }

  /// Folders of the controllers of an NVMe namespace; with native multipath, its device is the subsystem around them.
  private static func controllers(of path: String) -> [String] {
    let device = path + "/device"
    if Files.exists(device + "/device") { return [device] }
    let names = Files.names(in: device).filter { name in
      name.hasPrefix("nvme") && name.dropFirst(4).allSatisfy(\.isNumber)
    }
    return names.sorted().prefix(maxParts).map { device + "/" + $0 }
  }

  private mutating func add(
    _ count: any WritableKeyPath<DiskReading, UInt64?> & Sendable, _ path: String, _ format: Format = .number
  ) {
    if Files.exists(path) { sources.append(Source(count: count, format: format, file: BackoffFile(path))) }
  }

  /// Writes the counts; nil where the device has none.
  mutating func read(into disk: inout DiskReading, _ buffer: ReadBuffer) {
    (disk.errors, disk.timeouts, disk.linkErrors) = (nil, nil, nil)
    (disk.memberErrors, disk.missingMembers, disk.mismatchedSectors) = (nil, nil, nil)
    for index in sources.indices {
      let format = sources[index].format
      let number = sources[index].file.readIfPresent(into: buffer) { Self.count($0, format) } ?? nil
      guard let number else { continue }
      disk[keyPath: sources[index].count] = (disk[keyPath: sources[index].count] ?? 0) &+ number
    }
  }

  private static func count(_ bytes: Span<UInt8>, _ format: Format) -> UInt64? {
    switch format {
    case .number: NumberParser.number(bytes).flatMap { UInt64(exactly: $0) }
    case .fatal: CgroupParser.value(bytes, of: "TOTAL_ERR_FATAL ")
    case .nonfatal: CgroupParser.value(bytes, of: "TOTAL_ERR_NONFATAL ")
    }
  }
}
