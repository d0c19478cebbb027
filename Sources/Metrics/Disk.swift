/// Counters of one block device at one instant (Documentation/admin-guide/iostats.rst).
package struct DiskReading: Sendable, Hashable {
  /// Kernel name, "nvme0n1".
  package var device: String
  /// Device mapper or md name, "vg0-root".
  package var name: String?
  /// Model name of the hardware.
  package var model: String?
  /// Whether it is hardware and counts in the total; dm and md devices are stacked on other disks and do not.
  package var isPhysical = true
  /// Reads completed since boot.
  package var reads: UInt64?
  package var bytesRead: UInt64?
  /// Milliseconds spent reading, summed over requests.
  package var readMilliseconds: UInt64?
  /// Writes completed.
  package var writes: UInt64?
  package var bytesWritten: UInt64?
  /// Milliseconds spent writing, summed over requests.
  package var writeMilliseconds: UInt64?
  /// Requests in flight now.
  package var inFlight: UInt64?
  /// Milliseconds in which at least one request was in flight.
  package var busyMilliseconds: UInt64?
  /// Milliseconds in flight, summed over requests.
  package var queueMilliseconds: UInt64?
  /// Requests that failed, as the SCSI layer counts them; nil for other disks.
  package var errors: UInt64?
  /// Requests that timed out, as the SCSI layer counts them.
  package var timeouts: UInt64?
  /// Errors of an NVMe disk's PCIe link that could not be corrected.
  package var linkErrors: UInt64?
  /// Read errors of an array's members that were corrected from the others.
  package var memberErrors: UInt64?
  /// Members that an array lacks.
  package var missingMembers: UInt64?
  /// Sectors that differed between an array's members at its last check.
  package var mismatchedSectors: UInt64?

  package init(device: String) {
    self.device = device
  }
}

/// Traffic of one block device, or of all hardware devices together; NaN where absent.
package struct Disk: MetricGroup, Hashable {
  /// Kernel name; empty for the total.
  package var device = ""
  /// Device mapper or md name.
  package var name: String?
  /// Model name of the hardware.
  package var model: String?
  /// Whether it counts in the total.
  package var isPhysical = true
  /// Bytes read per second.
  package var readRate = Double.nan
  /// Bytes written per second.
  package var writeRate = Double.nan
  /// Reads completed per second.
  package var reads = Double.nan
  /// Writes completed per second.
  package var writes = Double.nan
  /// Share of time with a request in flight.
  package var busy = Double.nan
  /// Mean number of requests in flight.
  package var queue = Double.nan
  /// Mean seconds per read, queueing included; NaN without reads.
  package var readLatency = Double.nan
  /// Mean seconds per write, queueing included; NaN without writes.
  package var writeLatency = Double.nan
  /// Requests in flight at the instant.
  package var inFlight = Double.nan
  /// Bytes read since boot.
  package var readTotal = Double.nan
  /// Bytes written since boot.
  package var writtenTotal = Double.nan
  /// Reads completed since boot.
  package var readsTotal = Double.nan
  /// Writes completed since boot.
  package var writesTotal = Double.nan
  /// Requests that failed since the disk was found.
  package var errorsTotal = Double.nan
  package var timeoutsTotal = Double.nan
  /// Errors of an NVMe disk's PCIe link that could not be corrected.
  package var linkErrorsTotal = Double.nan
  /// Read errors of an array's members that were corrected from the others.
  package var memberErrorsTotal = Double.nan
  /// Members that an array lacks.
  package var missingMembers = Double.nan
  /// Sectors that differed between an array's members at its last check.
  package var mismatchedSectors = Double.nan

  package init() {}

  /// Computes the traffic between two Readings.
  package init(from previous: DiskReading?, to current: DiskReading, over elapsed: Elapsed) {
    device = current.device
    name = current.name
    model = current.model
    isPhysical = current.isPhysical
    readRate = elapsed.rate(previous?.bytesRead, current.bytesRead)
    writeRate = elapsed.rate(previous?.bytesWritten, current.bytesWritten)
    reads = elapsed.rate(previous?.reads, current.reads)
    writes = elapsed.rate(previous?.writes, current.writes)
    // The kernel counts io_ticks in jiffies, so an interval may hold one tick too many.
    // min() would turn an absent share into 1.
    let share = elapsed.rate(previous?.busyMilliseconds, current.busyMilliseconds, unit: 0.001)
    busy = share > 1 ? 1 : share
    queue = elapsed.rate(previous?.queueMilliseconds, current.queueMilliseconds, unit: 0.001)
    func latency(_ time: UInt64?, _ count: UInt64?) -> Double {
      guard let time, let count, count > 0 else { return .nan }
      return Double(time) * 0.001 / Double(count)
    }
    readLatency = latency(
      elapsed.growth(previous?.readMilliseconds, current.readMilliseconds),
      elapsed.growth(previous?.reads, current.reads))
    writeLatency = latency(
      elapsed.growth(previous?.writeMilliseconds, current.writeMilliseconds),
      elapsed.growth(previous?.writes, current.writes))
    inFlight = metric(current.inFlight)
    readTotal = metric(current.bytesRead)
    writtenTotal = metric(current.bytesWritten)
    readsTotal = metric(current.reads)
    writesTotal = metric(current.writes)
    errorsTotal = metric(current.errors)
    timeoutsTotal = metric(current.timeouts)
    linkErrorsTotal = metric(current.linkErrors)
    memberErrorsTotal = metric(current.memberErrors)
    missingMembers = metric(current.missingMembers)
    mismatchedSectors = metric(current.mismatchedSectors)
  }

  /// Errors by all counts; NaN where the kernel has none.
  package var allErrors: Double { sum(sum(errorsTotal, timeoutsTotal), sum(linkErrorsTotal, memberErrorsTotal)) }

  /// Sums the hardware disks; nil without any.
  package init?(totalOf disks: [Disk]) {
    guard disks.contains(where: \.isPhysical) else { return nil }
    for disk in disks where disk.isPhysical {
      readRate = sum(readRate, disk.readRate)
      writeRate = sum(writeRate, disk.writeRate)
      reads = sum(reads, disk.reads)
      writes = sum(writes, disk.writes)
      inFlight = sum(inFlight, disk.inFlight)
      readTotal = sum(readTotal, disk.readTotal)
      writtenTotal = sum(writtenTotal, disk.writtenTotal)
      readsTotal = sum(readsTotal, disk.readsTotal)
      writesTotal = sum(writesTotal, disk.writesTotal)
    }
  }

  static let traffic: [Field<Disk>] = [
    .gauge(
      "read_bytes_per_sec", .bytesPerSecond, "Bytes read", source: "/proc/diskstats sectors read × 512 ÷ Δt", \.readRate
    ).rate.titled("Read", "読み取り"),
    .gauge(
      "write_bytes_per_sec", .bytesPerSecond, "Bytes written", source: "/proc/diskstats sectors written × 512 ÷ Δt",
      \.writeRate
    ).rate.titled("Written", "書き込み"),
    .gauge("reads_per_sec", .perSecond, "Reads completed", source: "/proc/diskstats", \.reads).rate,
    .gauge("writes_per_sec", .perSecond, "Writes completed", source: "/proc/diskstats", \.writes).rate,
    .gauge("in_flight", .count, "Requests in flight now", source: "/proc/diskstats", \.inFlight),
    .counter("read_bytes_total", .bytes, "Bytes read since boot", source: "/proc/diskstats", \.readTotal),
    .counter("written_bytes_total", .bytes, "Bytes written since boot", source: "/proc/diskstats", \.writtenTotal),
    .counter("reads_total", .count, "Reads completed since boot", source: "/proc/diskstats", \.readsTotal),
    .counter("writes_total", .count, "Writes completed since boot", source: "/proc/diskstats", \.writesTotal),
  ]

  package static let totalTable = Table<Disk>(traffic)

  package static let table = Table<Disk>(
    [
      .text("device", "Kernel name of the block device", source: "/proc/diskstats", \.device).titled("Disk", "ディスク"),
      .text("name", "Name by device mapper or md", source: "/sys/block/…/dm/name", \.name),
      .text("model", "The hardware's name", source: "/sys/block/…/device/model", \.model),
      .flag("physical", "Whether it counts in the total; dm and md do not", source: "/sys/block", \.isPhysical),
    ] + traffic + [
      .gauge(
        "busy", .ratio, "Share of time with a request in flight", source: "/proc/diskstats Δio_ticks ÷ Δt", \.busy
      ).rate.titled("Utilization", "ビジー率"),
      .gauge(
        "queue", .count, "Mean number of requests in flight", source: "/proc/diskstats Δtime_in_queue ÷ Δt", \.queue
      ).rate.fractional,
      .gauge(
        "read_latency_ms", .milliseconds, "Mean time of a read, wait included",
        source: "/proc/diskstats Δticks ÷ Δreads", \.readLatency
      ).rate.titled("Read latency", "読み取りレイテンシ"),
      .gauge(
        "write_latency_ms", .milliseconds, "Mean time of a write, wait included",
        source: "/proc/diskstats Δticks ÷ Δwrites", \.writeLatency
      ).rate.titled("Write latency", "書き込みレイテンシ"),
      .counter(
        "errors_total", .count, "Failed requests of SCSI and SATA disks", source: "/sys/block/…/device/ioerr_cnt",
        \.errorsTotal
      ).titled("Errors", "エラー"),
      .counter(
        "timeouts_total", .count, "Requests of SCSI and SATA disks that timed out",
        source: "/sys/block/…/device/iotmo_cnt", \.timeoutsTotal
      ).titled("Timeouts", "タイムアウト"),
      .counter(
        "pcie_errors_total", .count, "Errors of an NVMe disk's PCIe link that could not be corrected",
        source: "/sys/class/nvme/…/device/aer_dev_fatal, aer_dev_nonfatal", \.linkErrorsTotal
      ).titled("PCIe errors", "PCIeエラー"),
      .counter(
        "member_errors_total", .count, "Read errors of an array's members that were corrected from the others",
        source: "/sys/block/md…/md/dev-…/errors", \.memberErrorsTotal
      ).titled("Errors of members", "メンバーのエラー"),
      .gauge(
        "members_missing", .count, "Members that an array lacks", source: "/sys/block/md…/md/degraded", \.missingMembers
      ).titled("Missing members", "欠けたメンバー"),
      .gauge(
        "mismatched_sectors", .count, "Sectors that differed between an array's members at its last check",
        source: "/sys/block/md…/md/mismatch_cnt", \.mismatchedSectors
      ).titled("Mismatched sectors", "不一致セクター"),
    ])
}

/// Adds two values that may be absent; NaN only where both are.
func sum(_ left: Double, _ right: Double) -> Double {
  left.isNaN ? right : right.isNaN ? left : left + right
}
