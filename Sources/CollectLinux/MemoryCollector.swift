package import AgentMetrics
package import Collect
internal import KernelFiles
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
    let isLive = isRunningMachine(root: root)
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

extension MeminfoParser {
  /// Writes the sizes that the text has into `memory`, and leaves the rest as it is.
  static func parse(_ bytes: Span<UInt8>, into memory: inout MemoryReading) {
    var position = 0
    while let line = next(bytes, &position) {
      let key = line.key
      if !line.isBytes {
        continue
      } else if bytes.equals(key, "MemTotal") {
        memory.total = line.value
      } else if bytes.equals(key, "MemFree") {
        memory.free = line.value
      } else if bytes.equals(key, "MemAvailable") {
        memory.available = line.value
      } else if bytes.equals(key, "Buffers") {
        memory.buffers = line.value
      } else if bytes.equals(key, "Cached") {
        memory.cached = line.value
      } else if bytes.equals(key, "SwapCached") {
        memory.swapCached = line.value
      } else if bytes.equals(key, "SwapTotal") {
        memory.swapTotal = line.value
      } else if bytes.equals(key, "SwapFree") {
        memory.swapFree = line.value
      } else if bytes.equals(key, "Dirty") {
        memory.dirty = line.value
      } else if bytes.equals(key, "Committed_AS") {
        memory.committed = line.value
      } else if bytes.equals(key, "Shmem") {
        memory.shared = line.value
      } else if bytes.equals(key, "Slab") {
        memory.slab = line.value
      } else if bytes.equals(key, "SReclaimable") {
        memory.reclaimable = line.value
      }
    }
  }
}

extension VmstatParser {
  /// Writes swap traffic, major faults and OOM kills into `memory`, if the text has them.
  static func parse(_ bytes: Span<UInt8>, pageSize: UInt64, into memory: inout MemoryReading) {
    var position = 0
    while let (key, value) = next(bytes, &position) {
      if bytes.equals(key, "pswpin") {
        memory.swappedIn = size(ofPages: value, pageSize)
      } else if bytes.equals(key, "pswpout") {
        memory.swappedOut = size(ofPages: value, pageSize)
      } else if bytes.equals(key, "pgpgin") || bytes.equals(key, "pgpgout") {
        memory.pagedKilobytes = (memory.pagedKilobytes ?? 0) &+ value
      } else if bytes.equals(key, "pgmajfault") {
        memory.majorFaults = value
      } else if bytes.equals(key, "oom_kill") {
        memory.oomKills = value
      }
    }
  }

  private static func size(ofPages pages: UInt64, _ pageSize: UInt64) -> UInt64? {
    let (size, overflows) = pages.multipliedReportingOverflow(by: pageSize)
    return overflows ? nil : size
  }
}

/// Parser of /proc/spl/kstat/zfs/arcstats: two header lines, then `name type data` (module/os/linux/spl/spl-kstat.c).
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
