package import AgentMetrics
package import Collect
internal import SystemIO

/// Memory and swap: /proc/meminfo, traffic of swap from /proc/vmstat, ZFS's cache from its kstat.
///
/// In a container, lxcfs may lay a file of its own over /proc/meminfo, with the container's figures. The other two files are
/// the host's then, and are left out.
package final class MemoryCollector: Collector {
  /// "memory".
  package let name = "memory"

  private let pageSize: UInt64
  private let buffer = ReadBuffer()
  private var meminfo: BackoffFile
  private var vmstat: BackoffFile
  private var arcstats: BackoffFile
  private let mountinfo: String
  /// Where /proc/meminfo is, as mountinfo has it.
  private let place: String
  private var isContainers = false
  private var isAbsent = false
  private var resting = 0
  /// Reads between two looks at the mounts.
  private static let rest = 60

  /// What is hidden or left out; nil where nothing is.
  package var note: String? {
    if isAbsent { return "no /proc/meminfo" }
    return isContainers ? "/proc/meminfo is the container's: the host's swap traffic and ZFS cache are left out" : nil
  }

  /// The memory of the machine whose /proc lies under `root`.
  ///
  /// - Parameter pageSize: bytes that a page of /proc/vmstat has; nil for this machine's.
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

/// Files of /proc that something else than the kernel's proc answers for.
enum ReplacedFile {
  /// Whether the last mount that covers a file is another filesystem than proc, mounted on the file itself (lxcfs, a bind
  /// mount) or, as FUSE, on the folder.
  ///
  /// - Parameter path: the file, "/proc/meminfo".
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

/// /proc/meminfo, as proc_meminfo(5) has it: `Key:   number kB`, in any order.
enum MeminfoParser {
  /// Writes what the text has into `memory`, in bytes, and leaves the rest as it is.
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

  /// A number with its unit, in bytes; nil without the unit, since that is a line cut off, and nil past 64 bits.
  private static func size(_ bytes: Span<UInt8>, _ position: inout Int) -> UInt64? {
    guard let kibibytes = bytes.unsigned(&position) else { return nil }
    bytes.skipBlanks(&position)
    guard bytes.skip("kB", &position) else { return nil }
    let (size, overflows) = kibibytes.multipliedReportingOverflow(by: 1_024)
    return overflows ? nil : size
  }
}

/// /proc/vmstat: `key number`, one per line (mm/vmstat.c).
enum VmstatParser {
  /// Writes the traffic of swap, the major faults and the kills into `memory`, and leaves what the text lacks.
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

/// ZFS's arcstats: two lines of header, then `name type data` (module/os/linux/spl/spl-kstat.c).
enum ArcstatsParser {
  /// Writes the cache's size and its minimum into `memory`, and leaves what the text lacks.
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
