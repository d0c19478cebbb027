public import AgentMetrics
public import Collect
internal import SystemIO

/// Traffic of block devices: /proc/diskstats, with what /sys/block tells of each.
///
/// Whole disks that are hardware are shown and count in the total. Device mapper, md, ZFS volumes and network block
/// devices stand on others and are shown without counting. Partitions, loop, ram, zram, floppy and optical drives, the
/// hidden paths of NVMe multipath, the boot partitions of eMMC and devices without a medium are left out.
public final class DiskCollector: Collector {
  /// "disk".
  public let name = "disk"

  /// Reads between two looks at what may change: a volume's name, a medium.
  private static let rest = 30

  private let root: String
  private let buffer = ReadBuffer()
  private var diskstats: RestingFile
  private var facts = DeviceFacts<DiskFacts>()
  private var resting = DiskCollector.rest

  /// The disks of the machine whose /proc and /sys lie under `root`.
  public init(root: String) {
    self.root = root
    diskstats = RestingFile(root + "/proc/diskstats")
  }

  /// Writes `reading.disks`, in the order of /proc/diskstats.
  public func read(into reading: inout Reading) throws(CollectorError) {
    refresh()
    do {
      let isThere = try diskstats.read(into: buffer) { bytes in read(bytes, into: &reading.disks) } != nil
      if !isThere { reading.disks = [] }
    } catch {
      reading.disks = []
      throw error
    }
  }

  private func read(_ bytes: Span<UInt8>, into disks: inout [DiskReading]) {
    var position = 0
    var line = 0
    var shown = 0
    while let device = DiskstatsParser.device(bytes, &position), line < DiskstatsParser.maximumDevices {
      facts.place(line, bytes, device) { DiskFacts(root: root, device: $0) }
      if facts.entries[line].fact.isShown {
        put(line, into: &disks, at: shown)
        DiskstatsParser.counters(bytes, &position, into: &disks[shown])
        shown += 1
      }
      bytes.skipLine(&position)
      line += 1
    }
    facts.keep(line)
    if shown < disks.count { disks.removeLast(disks.count - shown) }
  }

  /// Makes the entry at `index` that of a device, in place where it is so already.
  private func put(_ line: Int, into disks: inout [DiskReading], at index: Int) {
    if index == disks.count {
      disks.append(DiskReading(device: facts.entries[line].name))
    } else if disks[index].device != facts.entries[line].name {
      disks[index] = DiskReading(device: facts.entries[line].name)
    }
    disks[index].name = facts.entries[line].fact.name
    disks[index].model = facts.entries[line].fact.model
    disks[index].isPhysical = facts.entries[line].fact.isPhysical
  }

  private func refresh() {
    if resting > 0 {
      resting -= 1
      return
    }
    resting = Self.rest
    for index in facts.entries.indices where facts.entries[index].fact.mayChange {
      facts.update(index) { $0 = DiskFacts(root: root, device: facts.entries[index].name) }
    }
  }
}

/// What /sys/block tells of a block device, which hardly ever changes.
struct DiskFacts {
  var isShown = false
  var isPhysical = false
  /// Whether it has a name, or lacks a medium, that may change.
  var mayChange = false
  var name: String?
  var model: String?

  init(root: String, device: String) {
    if Self.isLeftOut(device) { return }
    // In sysfs, "cciss/c0d0" is "cciss!c0d0".
    let folder = root + "/sys/block/" + String(device.map { $0 == "/" ? "!" : $0 })
    guard Files.exists(folder) else {
      // Partitions have no folder there. Where the whole of sysfs is kept from a container, names have to tell.
      isShown = !Files.exists(root + "/sys/block") && !Self.looksLikePartition(device)
      isPhysical = isShown && !device.hasPrefix("dm-") && !device.hasPrefix("md") && !device.hasPrefix("zd")
      return
    }
    if let size = Files.number(of: folder + "/size"), size == 0 {
      mayChange = true
      return
    }
    isShown = Files.number(of: folder + "/hidden") != 1
    isPhysical = Files.exists(folder + "/device")
    mayChange = !isPhysical
    name = Files.line(of: folder + "/dm/name") ?? Self.arrayName(root: root, device: device)
    model =
      Files.line(of: folder + "/device/model")
      ?? (device.hasPrefix("mmcblk") ? Files.line(of: folder + "/device/name") : nil)
  }

  private static func isLeftOut(_ device: String) -> Bool {
    for prefix in ["loop", "ram", "zram", "fd", "sr", "scd"] where device.hasPrefix(prefix) {
      return device.dropFirst(prefix.count).allSatisfy(\.isNumber)
    }
    if device.hasPrefix("mmcblk"), device.contains("boot") || device.hasSuffix("rpmb") { return true }
    // nvme0c1n1, a path of nvme0n1.
    if device.hasPrefix("nvme"), device.dropFirst(4).contains("c") { return true }
    return false
  }

  /// "sda1", "nvme0n1p2", "mmcblk0p1", "cciss/c0d0p1", "md0p1".
  private static func looksLikePartition(_ device: String) -> Bool {
    let stem = device.reversed().drop(while: \.isNumber)
    guard stem.count < device.count, let last = stem.first else { return false }
    for prefix in ["sd", "hd", "vd", "xvd"] where device.hasPrefix(prefix) { return true }
    return last == "p" && stem.dropFirst().first?.isNumber == true
  }

  /// The name of an array by the link that udev makes for it, "md/scratch"; nil where it goes by its number.
  private static func arrayName(root: String, device: String) -> String? {
    guard device.hasPrefix("md") else { return nil }
    for name in Files.names(in: root + "/dev/md").sorted() {
      if let target = Files.link(root + "/dev/md/" + name), target.split(separator: "/").last.map(String.init) == device
      {
        return name
      }
    }
    return nil
  }
}

/// /proc/diskstats (Documentation/admin-guide/iostats.rst): major, minor and name, then 11 counters, 15 since kernel 4.18,
/// 17 since 5.5; partitions had 4 before 2.6.25.
enum DiskstatsParser {
  /// More lines are not believed.
  static let maximumDevices = 4_096

  /// The name in the line at `position`, passing over lines that have none; nil at the end.
  static func device(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
    while position < bytes.count {
      if bytes.unsigned(&position) != nil, bytes.unsigned(&position) != nil, let name = bytes.word(&position) {
        return name
      }
      bytes.skipLine(&position)
    }
    return nil
  }

  /// Writes the counters after the name into `disk`; a line with fewer than 11 has none.
  static func counters(_ bytes: Span<UInt8>, _ position: inout Int, into disk: inout DiskReading) {
    disk.reads = bytes.unsigned(&position)
    _ = bytes.unsigned(&position)
    disk.sectorsRead = bytes.unsigned(&position)
    disk.readMilliseconds = bytes.unsigned(&position)
    disk.writes = bytes.unsigned(&position)
    _ = bytes.unsigned(&position)
    disk.sectorsWritten = bytes.unsigned(&position)
    disk.writeMilliseconds = bytes.unsigned(&position)
    disk.inFlight = bytes.unsigned(&position)
    disk.busyMilliseconds = bytes.unsigned(&position)
    disk.queueMilliseconds = bytes.unsigned(&position)
    if disk.queueMilliseconds == nil {
      disk.reads = nil
      disk.sectorsRead = nil
      disk.readMilliseconds = nil
      disk.writes = nil
      disk.sectorsWritten = nil
      disk.writeMilliseconds = nil
      disk.inFlight = nil
      disk.busyMilliseconds = nil
    }
  }
}
