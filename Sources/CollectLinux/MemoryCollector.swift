package import AgentMetrics
package import Collect
internal import SystemIO

/// Memory and swap: /proc/meminfo, swap traffic from /proc/vmstat, ZFS's cache from its kstat.
///
/// In a container lxcfs may replace /proc/meminfo by a file with the container's values. The other two files still
/// describe the host then, and are omitted.
package final class MemoryCollector: Collector {
  package let name = "memory"

  private let pageSize: UInt64
  private let buffer = ReadBuffer()
  private var meminfo: BackoffFile
  private var vmstat: BackoffFile
  private var arcstats: BackoffFile
  private let mountinfo: String
  /// Path of /proc/meminfo as in mountinfo.
  private let place: String
  private var isContainers = false
  private var isAbsent = false
  private var resting = 0
  /// Reads between two checks of the mounts.
  private static let rest = 60

  /// Hidden or omitted parts in one line; nil without any.
  package var note: String? {
    if isAbsent { return "no /proc/meminfo" }
    return isContainers ? "/proc/meminfo is the container's: the host's swap traffic and ZFS cache are left out" : nil
  }

  /// Creates a collector that reads /proc under `root`.
  ///
  /// - Parameter pageSize: bytes per page in /proc/vmstat; nil for this machine's page size.
  package init(root: String, pageSize: UInt64? = nil) {
    self.pageSize = pageSize ?? UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
    meminfo = BackoffFile(root + "/proc/meminfo")
    vmstat = BackoffFile(root + "/proc/vmstat")
    arcstats = BackoffFile(root + "/proc/spl/kstat/zfs/arcstats")
    mountinfo = root + "/proc/self/mountinfo"
    let isLive = root.isEmpty || Files.link(root + "/proc/self") != nil
    place = (isLive ? root : "") + "/proc/meminfo"
  }

  /// Reads the three files into `reading.memory`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.memory = MemoryReading()
    let makesSense = try meminfo.read(into: buffer) { bytes in
      MeminfoParser.parse(bytes, into: &reading.memory)
      return reading.memory.total != nil
    }
    isAbsent = makesSense == nil
    if makesSense == false {
      reading.memory = MemoryReading()
      throw CollectorError("no MemTotal in /proc/meminfo")
    }
    if resting == 0 {
      resting = Self.rest
      isContainers = (try? Files.contents(of: mountinfo)).map { ReplacedFile.isReplaced(place, $0.span) } ?? false
    }
    resting -= 1
    if !isContainers {
      _ = vmstat.readIfPresent(into: buffer) { VmstatParser.parse($0, pageSize: pageSize, into: &reading.memory) }
      _ = arcstats.readIfPresent(into: buffer) { ArcstatsParser.parse($0, into: &reading.memory) }
    }
    reading.memory.removeImpossible()
  }
}

/// Detects files of /proc that are replaced by another filesystem.
enum ReplacedFile {
  /// Whether the last mount that covers a file is not proc, and is mounted on the file itself (lxcfs, a bind mount) or,
  /// as FUSE, on the folder.
  ///
  /// - Parameter path: path of the file, such as "/proc/meminfo".
  static func isReplaced(_ path: String, _ mountinfo: Span<UInt8>) -> Bool {
    let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
    var isReplaced = false
    for mount in MountinfoParser.mounts(mountinfo) {
      if mount.mountpoint == path {
        isReplaced = mount.fstype != "proc"
      } else if mount.mountpoint == folder {
        isReplaced = mount.fstype.hasPrefix("fuse")
      }
    }
    return isReplaced
  }
}

/// Parser of /proc/meminfo (proc_meminfo(5)): `Key:   number kB`, in any order.
enum MeminfoParser {
  /// Writes the values that the text has into `memory`, in bytes.
  static func parse(_ bytes: Span<UInt8>, into memory: inout MemoryReading) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("MemTotal:", &position) {
        memory.total = size(bytes, &position)
      } else if bytes.skip("MemFree:", &position) {
        memory.free = size(bytes, &position)
      } else if bytes.skip("MemAvailable:", &position) {
        memory.available = size(bytes, &position)
      } else if bytes.skip("Buffers:", &position) {
        memory.buffers = size(bytes, &position)
      } else if bytes.skip("Cached:", &position) {
        memory.cached = size(bytes, &position)
      } else if bytes.skip("SwapCached:", &position) {
        memory.swapCached = size(bytes, &position)
      } else if bytes.skip("SwapTotal:", &position) {
        memory.swapTotal = size(bytes, &position)
      } else if bytes.skip("SwapFree:", &position) {
        memory.swapFree = size(bytes, &position)
      } else if bytes.skip("Dirty:", &position) {
        memory.dirty = size(bytes, &position)
      } else if bytes.skip("Shmem:", &position) {
        memory.shared = size(bytes, &position)
      } else if bytes.skip("Slab:", &position) {
        memory.slab = size(bytes, &position)
      } else if bytes.skip("SReclaimable:", &position) {
        memory.reclaimable = size(bytes, &position)
      }
      bytes.skipLine(&position)
    }
  }

  /// Parses a number with its unit as bytes; nil without the unit, as in a truncated line, and above 64 bits.
  private static func size(_ bytes: Span<UInt8>, _ position: inout Int) -> UInt64? {
    guard let kibibytes = bytes.unsigned(&position) else { return nil }
    bytes.skipBlanks(&position)
    guard bytes.skip("kB", &position) else { return nil }
    let (size, overflows) = kibibytes.multipliedReportingOverflow(by: 1_024)
    return overflows ? nil : size
  }
}

/// Parser of /proc/vmstat: `key number`, one per line (mm/vmstat.c).
enum VmstatParser {
  /// Writes swap traffic, major faults and OOM kills into `memory`, if the text has them.
  static func parse(_ bytes: Span<UInt8>, pageSize: UInt64, into memory: inout MemoryReading) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("pswpin ", &position) {
        memory.swappedIn = size(ofPages: bytes.unsigned(&position), pageSize)
      } else if bytes.skip("pswpout ", &position) {
        memory.swappedOut = size(ofPages: bytes.unsigned(&position), pageSize)
      } else if bytes.skip("pgmajfault ", &position) {
        memory.majorFaults = bytes.unsigned(&position)
      } else if bytes.skip("oom_kill ", &position) {
        memory.oomKills = bytes.unsigned(&position)
      }
      bytes.skipLine(&position)
    }
  }

  private static func size(ofPages pages: UInt64?, _ pageSize: UInt64) -> UInt64? {
    guard let pages else { return nil }
    let (size, overflows) = pages.multipliedReportingOverflow(by: pageSize)
    return overflows ? nil : size
  }
}

/// Parser of ZFS's arcstats: two header lines, then `name type data` (module/os/linux/spl/spl-kstat.c).
enum ArcstatsParser {
  /// Writes the cache's size and minimum into `memory`, if the text has them.
  static func parse(_ bytes: Span<UInt8>, into memory: inout MemoryReading) {
    var position = 0
    while position < bytes.count {
      if let key = bytes.word(&position) {
        if bytes.equals(key, "size") {
          memory.arcSize = data(bytes, &position)
        } else if bytes.equals(key, "c_min") {
          memory.arcMinimum = data(bytes, &position)
        }
      }
      bytes.skipLine(&position)
    }
  }

  private static func data(_ bytes: Span<UInt8>, _ position: inout Int) -> UInt64? {
    bytes.skipWord(&position) ? bytes.unsigned(&position) : nil
  }
}
