package import AgentMetrics
package import Collect
internal import KernelFiles
internal import SystemIO

/// Counters of the block devices: /proc/diskstats, with properties from sysfs.
///
/// Included are whole devices with a medium: hardware, and devices on top of it (device mapper, md, zvols), which do
/// not count in the total; on machines without hardware, devices without a lower device do (nbd, AoE). Excluded are
/// partitions, loop devices, RAM disks (ram, zram), optical and floppy drives, the boot areas of eMMC, and the single
/// paths of a multipath NVMe namespace. Before kernel 6.4 only the paths count, and their sum is used for the
/// namespace. In a container without sysfs, names decide.
package final class DiskCollector: Collector {
  package let name = "disk"

  /// Maximum number of block devices, more than a large machine has.
  package static let maximumDevices = 4_096

  /// Hidden parts in one line; nil if everything is visible.
  package private(set) var note: String?

  /// Reads between two checks of properties that may change while a device stays: its device mapper name, its medium,
  /// an array's members.
  static let rest = 30

  /// A line's device, with its properties from sysfs.
  private struct KnownDisk {
    let device: String
    let major: UInt64
    let minor: UInt64
    var facts: BlockDevice
    var errors: DiskErrors
    /// Its counters at the last read; a first counter that decreases belongs to another device of that name.
    var line: DiskstatsParser.Line
  }

  private let root: String
  private let buffer = ReadBuffer()
  /// Read while ``buffer`` holds /proc/diskstats.
  private let errorBuffer = ReadBuffer()
  private var diskstats: BackoffFile
  /// Devices of the last read, in its order.
  private var known: [KnownDisk] = []
  private var resting = 0
  /// Whether /sys/block is missing.
  private var isHidden = false

  /// Creates a collector that reads /proc and /sys under `root`.
  package init(root: String) {
    self.root = root
    diskstats = BackoffFile(root + "/proc/diskstats")
  }

  /// Writes `reading.disks`, in the kernel's order.
  package func read(into reading: inout Reading) throws(CollectorError) {
    resting = resting > 0 ? resting - 1 : Self.rest
    if resting == Self.rest { isHidden = !Files.exists(root + "/sys/block") }
    var used = 0
    do {
      let written = try diskstats.read(into: buffer) { write($0, into: &reading.disks) }
      note =
        written == nil ? "no /proc/diskstats" : isHidden ? "no /sys/block: kinds of disks are guessed by name" : nil
      used = written ?? 0
    } catch {
      reading.disks = []
      throw error
    }
    if used < reading.disks.count { reading.disks.removeLast(reading.disks.count - used) }
  }

  /// Writes the included devices from the first entry on; returns their number.
  private func write(_ bytes: Span<UInt8>, into disks: inout [DiskReading]) -> Int {
    var position = 0
    var index = 0
    var used = 0
    var hasPaths = false
    var hasHardware = false
    while index < Self.maximumDevices, let line = DiskstatsParser.next(bytes, &position) {
      recognise(line, bytes, at: index)
      // Without a copy of all, which would have the files of the errors copied before they are read.
      let (device, facts) = (known[index].device, known[index].facts)
      index += 1
      hasPaths = hasPaths || facts.head != nil
      guard facts.isShown else { continue }
      hasHardware = hasHardware || facts.isPhysical
      if used == disks.count { disks.append(DiskReading(device: device)) }
      disks[used].device = device
      disks[used].name = facts.name
      disks[used].model = facts.model
      disks[used].isPhysical = facts.isPhysical
      Self.put(line, into: &disks[used])
      known[index - 1].errors.read(into: &disks[used], errorBuffer)
      used += 1
    }
    if index < known.count { known.removeLast(known.count - index) }
    if hasPaths { addPaths(to: &disks, used) }
    if !hasHardware { standIn(&disks, used) }
    return used
  }

  private static func put(_ line: DiskstatsParser.Line, into disk: inout DiskReading) {
    disk.reads = line.reads
    // The kernel counts sectors of 512 bytes, whatever the device's own.
    disk.bytesRead = line.sectorsRead &* 512
    disk.readMilliseconds = line.readMilliseconds
    disk.writes = line.writes
    disk.bytesWritten = line.sectorsWritten &* 512
    disk.writeMilliseconds = line.writeMilliseconds
    disk.inFlight = line.inFlight
    disk.busyMilliseconds = line.busyMilliseconds
    disk.queueMilliseconds = line.queueMilliseconds
  }

  /// Replaces a namespace's counters of 0 by the sum of its paths.
  private func addPaths(to disks: inout [DiskReading], _ used: Int) {
    for index in 0..<used where disks[index].reads == 0 && disks[index].writes == 0 {
      var sum: DiskstatsParser.Line?
      for path in known where path.facts.head == disks[index].device {
        if sum == nil { sum = path.line } else { sum?.add(path.line) }
      }
      if let sum { Self.put(sum, into: &disks[index]) }
    }
  }

  /// On machines without hardware, counts devices without a lower device in the total.
  private func standIn(_ disks: inout [DiskReading], _ used: Int) {
    var place = 0
    for device in known where device.facts.isShown {
      if place < used { disks[place].isPhysical = device.facts.standsAlone }
      place += 1
    }
  }

  /// Moves the known device of a line to `index`, where it already is unless devices were added or removed.
  private func recognise(_ line: DiskstatsParser.Line, _ bytes: Span<UInt8>, at index: Int) {
    var place = index
    while place < known.count, !isSame(known[place], line, bytes) { place += 1 }
    if place == known.count {
      let device = bytes.string(line.name)
      known.insert(
        KnownDisk(
          device: device, major: line.major, minor: line.minor, facts: BlockDevice(root: root, device: device),
          errors: errors(of: device), line: line), at: index)
      return
    }
    if place != index { known.swapAt(place, index) }
    let mayChange = known[index].facts.mayChange || known[index].errors.isIncomplete
    if line.reads < known[index].line.reads || resting == 0 && mayChange {
      known[index].facts = BlockDevice(root: root, device: known[index].device)
      known[index].errors = errors(of: known[index].device)
    }
    known[index].line = line
  }

  private func errors(of device: String) -> DiskErrors { DiskErrors(device, in: root + "/sys/block/" + device) }

  private func isSame(_ known: KnownDisk, _ line: DiskstatsParser.Line, _ bytes: Span<UInt8>) -> Bool {
    known.minor == line.minor && known.major == line.major && bytes.equals(line.name, known.device)
  }
}

/// Properties of a block device in sysfs.
struct BlockDevice {
  /// Whether it is included.
  var isShown = false
  /// Whether it is hardware (or a virtual machine's disk).
  var isPhysical = false
  /// Name of the device mapper or array.
  var name: String?
  /// Model of the hardware; virtio disks have none.
  var model: String?
  /// Whether any of these may change while the device stays.
  var mayChange = false
  /// Whether it is not hardware and has no lower device, as a network block device.
  var standsAlone = false
  /// The namespace of a path: "nvme0n1" of nvme0c1n1; nil for other devices.
  var head: String?

  /// Reads the properties of a device by its kernel name.
  init(root: String, device: String) {
    // "cciss/c0d0" is sys/block/cciss!c0d0, since a name in sysfs cannot hold a slash.
    let name = String(decoding: device.utf8.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "!") : $0 }, as: UTF8.self)
    let path = root + "/sys/block/" + name
    head = Self.head(of: device)
    if Self.isLeftOut(device) { return }
    guard Files.exists(path) else {
      // Partitions have no folder of their own there.
      isShown = !Files.exists(root + "/sys/block") && !Self.looksLikePartition(device)
      isPhysical = isShown && !["dm-", "md", "zd"].contains { device.hasPrefix($0) }
      return
    }
    isPhysical = Files.exists(path + "/device")
    let stacks = ["dm-", "md", "zd"]
    standsAlone =
      !isPhysical && Files.names(in: path + "/slaves").isEmpty && !stacks.contains { device.hasPrefix($0) }
    isShown = Files.number(of: path + "/size") != 0 && Files.number(of: path + "/hidden") != 1
    self.name = Files.line(of: path + "/dm/name") ?? Self.arrayName(root: root, device: device)
    // SCSI, SATA and NVMe; for MMC and SD the product's name.
    if isPhysical { model = Files.line(of: path + "/device/model") ?? Files.line(of: path + "/device/name") }
    mayChange = !isShown || !isPhysical || Files.number(of: path + "/removable") == 1
  }

  /// Whether a device's name is of an excluded kind.
  static func isLeftOut(_ device: String) -> Bool {
    let kind = device.prefix { !$0.isNumber }
    let rest = device.dropFirst(kind.count)
    switch kind {
    case "loop", "ram", "zram", "sr", "scd", "fd": return true
    // nvme0c1n1 is a path to nvme0n1; mmcblk0boot0 and mmcblk0rpmb are parts of the chip that hold mmcblk0.
    case "nvme": return rest.contains("c")
    case "mmcblk": return rest.contains("boot") || rest.contains("rpmb")
    default: return false
    }
  }

  /// The namespace of an NVMe path's name, nvme<subsystem>c<controller>n<namespace>.
  private static func head(of device: String) -> String? {
    guard device.hasPrefix("nvme"), let controller = device.firstIndex(of: "c"),
      let namespace = device[controller...].firstIndex(of: "n")
    else { return nil }
    return String(device[..<controller] + device[namespace...])
  }

  /// Whether a name looks like a partition: "sda1", "nvme0n1p2", "mmcblk0p1", "cciss/c0d0p1".
  private static func looksLikePartition(_ device: String) -> Bool {
    let stem = device.reversed().drop(while: \.isNumber)
    guard stem.count < device.count, let last = stem.first else { return false }
    if ["sd", "hd", "vd", "xvd"].contains(where: { device.hasPrefix($0) }) { return true }
    return last == "p" && stem.dropFirst().first?.isNumber == true
  }

  /// Name of an array by udev's link, "scratch" of /dev/md/scratch; nil if it has only a number.
  private static func arrayName(root: String, device: String) -> String? {
    guard device.hasPrefix("md") else { return nil }
    return Files.names(in: root + "/dev/md").sorted().first { name in
      Files.link(root + "/dev/md/" + name)?.split(separator: "/").last.map { String($0) } == device
    }
  }
}
