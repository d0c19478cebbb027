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
  /// Kind of a file's count.
  private enum Count {
    case requests, timeouts
    /// Of NVMe.
    case fatal, nonfatal
    /// Of arrays.
    case missing, mismatches, member
  }

  private struct Source {
    let count: Count
    var file: BackoffFile
  }

  /// Maximum controllers of an NVMe disk, and members of an array.
  private static let maxParts = 64

  private var sources: [Source] = []
  /// Whether a file could not be read at the last read, such as that of a controller or member that is gone.
  private(set) var isIncomplete = false

  /// Finds the files of a device.
  ///
  /// - Parameter path: its folder in sysfs.
  init(_ device: String, in path: String) {
    if device.hasPrefix("sd") {
      add(.requests, path + "/device/ioerr_cnt")
      add(.timeouts, path + "/device/iotmo_cnt")
    } else if device.hasPrefix("nvme") {
      for controller in Self.controllers(of: path) {
        add(.nonfatal, controller + "/device/aer_dev_nonfatal")
        add(.fatal, controller + "/device/aer_dev_fatal")
      }
    } else if device.hasPrefix("md") {
      add(.missing, path + "/md/degraded")
      add(.mismatches, path + "/md/mismatch_cnt")
      let members = Files.names(in: path + "/md").filter { $0.hasPrefix("dev-") }.sorted()
      for member in members.prefix(Self.maxParts) { add(.member, path + "/md/" + member + "/errors") }
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

  private mutating func add(_ count: Count, _ path: String) {
    if Files.exists(path) { sources.append(Source(count: count, file: BackoffFile(path))) }
  }

  /// Writes the counts; nil where the device has none, and for a sum while a part of it is unknown: its return would look
  /// like new errors.
  mutating func read(into disk: inout DiskReading, _ buffer: ReadBuffer) {
    (disk.errors, disk.timeouts, disk.linkErrors) = (nil, nil, nil)
    (disk.memberErrors, disk.missingMembers, disk.mismatchedSectors) = (nil, nil, nil)
    isIncomplete = false
    for index in sources.indices {
      let count = sources[index].count
      let number = sources[index].file.readIfPresent(into: buffer) { Self.number($0, count) } ?? nil
      guard let number else {
        isIncomplete = true
        continue
      }
      switch count {
      case .requests: disk.errors = number
      case .timeouts: disk.timeouts = number
      case .fatal, .nonfatal: disk.linkErrors = (disk.linkErrors ?? 0) &+ number
      case .missing: disk.missingMembers = number
      case .mismatches: disk.mismatchedSectors = number
      case .member: disk.memberErrors = (disk.memberErrors ?? 0) &+ number
      }
    }
    if isIncomplete { (disk.linkErrors, disk.memberErrors) = (nil, nil) }
  }

  /// SCSI counts in hexadecimal digits, arrays in decimal ones; AER has the sum in the last of several lines.
  private static func number(_ bytes: Span<UInt8>, _ count: Count) -> UInt64? {
    switch count {
    case .fatal: CgroupParser.value(bytes, of: "TOTAL_ERR_FATAL ")
    case .nonfatal: CgroupParser.value(bytes, of: "TOTAL_ERR_NONFATAL ")
    default: NumberParser.number(bytes).flatMap { UInt64(exactly: $0) }
    }
  }
}
