package import AgentMetrics
package import Collect
internal import CWindows

/// Counters of the physical disks (IOCTL_DISK_PERFORMANCE), with their models and drive letters.
///
/// A server may have the counters switched off; ``note`` then names the command that enables them, which is the
/// administrator's to run.
package final class DiskCollector: Collector {
  package let name = "disk"

  /// Disks without counters in one line; nil if all have them.
  package private(set) var note: String?

  /// Reads between two searches for new disks.
  static let rest = 30
  /// Seconds that a search waits for the drive letters.
  private static let patience = 0.02
  /// ERROR_INVALID_FUNCTION and ERROR_NOT_SUPPORTED, the errors of counters that are off.
  private static let offErrors: Set<UInt32> = [1, 50]

  /// Properties of a disk that stay, and its counters of 32 bits.
  private struct KnownDisk {
    let model: String?
    /// Time of boot by the disk's clock, in units of 100 ns.
    let boot: UInt64
    var counts = WideCounters()
  }

  private var disks = CList(cwindows_disk(), capacity: 8, limit: 128)
  private var known: [UInt32: KnownDisk] = [:]
  private var resting = 0
  /// Opens each drive, and may block.
  private let letters = BlockingSource<[Int32]> {
    var disks = [Int32](repeating: -1, count: 26)
    disks.withUnsafeMutableBufferPointer { cwindows_disk_letters($0.baseAddress) }
    return disks
  }

  package init() {}

  /// Writes `reading.disks`, by number.
  package func read(into reading: inout Reading) throws(CollectorError) {
    let isSearch = resting == 0
    resting = isSearch ? Self.rest : resting - 1
    if isSearch { letters.ask() }
    guard disks.read({ cwindows_disks($0, $1, isSearch) }) else {
      reading.disks = []
      throw CollectorError("the list of disks cannot be read")
    }
    let drives = letters.answer(waiting: isSearch ? Self.patience : 0).answer ?? []
    var failures: [UInt32: [UInt32]] = [:]
    let count = disks.count
    if reading.disks.count > count { reading.disks.removeLast(reading.disks.count - count) }
    var present: Set<UInt32> = []
    for index in 0..<count {
      let disk = disks[index]
      present.insert(disk.number)
      if disk.error != 0 { failures[disk.error, default: []].append(disk.number) }
      var entry = DiskReading(device: "PhysicalDrive\(disk.number)")
      entry.name = Self.letters(of: disk.number, in: drives)
      write(disk, to: &entry, boottime: reading.boottime)
      if index == reading.disks.count { reading.disks.append(entry) } else { reading.disks[index] = entry }
    }
    known = known.filter { present.contains($0.key) }
    note = Self.note(failures)
  }

  private func write(_ disk: cwindows_disk, to entry: inout DiskReading, boottime: Double) {
    if known[disk.number] == nil {
      let uptime = boottime.isFinite ? UInt64(max(0, boottime * 1e7)) : 0
      known[disk.number] = KnownDisk(
        model: text(capacity: 256) { cwindows_disk_model(disk.number, $0, $1) },
        boot: disk.query_time > uptime ? disk.query_time - uptime : 0)
    }
    entry.model = known[disk.number]?.model
    guard disk.error == 0, var facts = known[disk.number] else { return }
    facts.counts.add(disk.reads, at: 0)
    facts.counts.add(disk.writes, at: 1)
    known[disk.number] = facts
    entry.reads = facts.counts.totals[0]
    entry.writes = facts.counts.totals[1]
    entry.bytesRead = disk.bytes_read
    entry.bytesWritten = disk.bytes_written
    entry.readMilliseconds = disk.read_time / 10_000
    entry.writeMilliseconds = disk.write_time / 10_000
    entry.queueMilliseconds = (disk.read_time &+ disk.write_time) / 10_000
    entry.inFlight = UInt64(disk.queue_depth)
    // A disk that was added after the boot has been idle for less time than the machine is up.
    let idleEnd = facts.boot &+ disk.idle_time
    entry.busyMilliseconds = disk.query_time >= idleEnd ? (disk.query_time - idleEnd) / 10_000 : nil
  }

  /// "C: D:"; nil for a disk without drives.
  private static func letters(of number: UInt32, in drives: [Int32]) -> String? {
    let names = drives.indices.filter { drives[$0] == Int32(exactly: number) }.map { index in
      String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index))) + ":"
    }
    return names.isEmpty ? nil : names.joined(separator: " ")
  }

  private static func note(_ failures: [UInt32: [UInt32]]) -> String? {
    let parts = failures.sorted { $0.key < $1.key }.map { error, numbers in
      let disks = numbers.map(String.init).joined(separator: ", ")
      let reason =
        offErrors.contains(error) ? "counters are off, `diskperf -Y` enables them" : errorText(error)
      return "PhysicalDrive \(disks): \(reason)"
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}
