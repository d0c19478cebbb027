internal import AgentMetrics
internal import SystemIO

/// A file of a control group that workloads are read from.
final class WorkloadFile: Sendable {
  /// How often it is read.
  enum Rate {
    /// At each pass: CPU time and memory show whether anything happened.
    case usage
    case memory
    /// Where something happened.
    case active
    /// As those, but at every fifth pass: memory.stat has dozens of lines, which take the kernel some 20 µs.
    case slow
    /// Where memory or OOM kills show that it may have changed.
    case peak
    /// Once a minute: limits and other levels that rarely change.
    case rare
  }

  let name: StaticString
  let version: Int
  let rate: Rate
  /// Sums that must have moved since the last read for the file to be read; empty for a file without conditions.
  let needs: MachineMoves
  /// Whether it counts bytes of I/O.
  let isIO: Bool
  /// The hierarchy that has it; nil without one.
  let tree: @Sendable (CgroupTrees) -> Int?
  let parse: @Sendable (Span<UInt8>, inout WorkloadReading) -> Void

  private init(
    _ version: Int, _ name: StaticString, _ rate: Rate, needs: MachineMoves = [],
    isIO: Bool = false, _ tree: @escaping @Sendable (CgroupTrees) -> Int?,
    _ parse: @escaping @Sendable (Span<UInt8>, inout WorkloadReading) -> Void
  ) {
    self.version = version
    self.name = name
    self.rate = rate
    self.needs = needs
    self.isIO = isIO
    self.tree = tree
    self.parse = parse
  }

  /// A pressure file; version 2 has pressure beside version 1's controllers, too.
  private static func pressure(
    _ name: StaticString, needs: MachineMoves = [],
    _ parse: @escaping @Sendable (UInt64?, inout WorkloadReading) -> Void
  ) -> WorkloadFile {
    WorkloadFile(2, name, .active, needs: needs, { $0.unified }) {
      parse(PressureParser.resource($0)?.some?.total, &$1)
    }
  }

  /// All files, at most 32.
  static let all: [WorkloadFile] = unified + legacy

  private static let unified: [WorkloadFile] = [
    WorkloadFile(2, "cpu.stat", .usage, { $0.usage }) { WorkloadFileParser.cpuStat($0, into: &$1) },
    WorkloadFile(2, "memory.current", .memory, { $0.memory }) { $1.memory = CgroupParser.limit($0) },
    WorkloadFile(2, "memory.stat", .slow, { $0.memory }) { WorkloadFileParser.memoryStat($0, into: &$1) },
    WorkloadFile(2, "memory.events", .active, needs: .oomKills, { $0.memory }) {
      $1.oomKills = CgroupParser.value($0, of: "oom_kill ")
    },
    WorkloadFile(2, "memory.swap.current", .active, needs: .swap, { $0.memory }) { $1.swap = CgroupParser.limit($0) },
    WorkloadFile(2, "io.stat", .active, needs: .blockIO, isIO: true, { $0.io }) {
      WorkloadFileParser.ioStat($0, into: &$1)
    },
    WorkloadFile(2, "pids.current", .active, needs: .tasks, { $0.tasks }) { $1.tasks = CgroupParser.limit($0) },
    pressure("cpu.pressure") { $1.cpuStall = $0 },
    pressure("memory.pressure", needs: .memoryStall) { $1.memoryStall = $0 },
    pressure("io.pressure", needs: .ioStall) { $1.ioStall = $0 },
    WorkloadFile(2, "cpu.max", .rare, { $0.cpu }) { $1.cpuLimit = CgroupParser.cpuMaximum($0) },
    WorkloadFile(2, "memory.max", .rare, { $0.memory }) { $1.memoryLimit = CgroupParser.limit($0) },
    WorkloadFile(2, "memory.peak", .peak, { $0.memory }) { $1.memoryPeak = CgroupParser.limit($0) },
    WorkloadFile(2, "pids.max", .rare, { $0.tasks }) { $1.tasksLimit = CgroupParser.limit($0) },
  ]

  private static let legacy: [WorkloadFile] = [
    WorkloadFile(1, "cpuacct.usage", .usage, { $0.usage }) { bytes, reading in
      reading.cpu = CgroupParser.limit(bytes).map { $0 / 1_000 }
    },
    WorkloadFile(1, "memory.usage_in_bytes", .memory, { $0.memory }) { $1.memory = CgroupParser.limit($0) },
    // Without CPU time, which another hierarchy counts.
    WorkloadFile(1, "cpu.stat", .active, needs: .limit, { $0.cpu }) { WorkloadFileParser.cpuStat($0, into: &$1) },
    WorkloadFile(1, "memory.stat", .slow, { $0.memory }) { WorkloadFileParser.memoryStat($0, into: &$1) },
    WorkloadFile(1, "memory.oom_control", .active, needs: .oomKills, { $0.memory }) {
      $1.oomKills = CgroupParser.value($0, of: "oom_kill ")
    },
    WorkloadFile(1, "blkio.throttle.io_service_bytes_recursive", .active, needs: .blockIO, isIO: true, { $0.io }) {
      ($1.readBytes, $1.writtenBytes) = WorkloadFileParser.services($0)
    },
    WorkloadFile(1, "blkio.throttle.io_serviced_recursive", .active, needs: .io, { $0.io }) {
      ($1.reads, $1.writes) = WorkloadFileParser.services($0)
    },
    WorkloadFile(1, "pids.current", .active, needs: .tasks, { $0.tasks }) { $1.tasks = CgroupParser.limit($0) },
    WorkloadFile(1, "cpu.cfs_period_us", .rare, { $0.cpu }) { bytes, reading in
      // Its reader reads the quota next, which needs the period.
      reading.cpuLimit = CgroupParser.limit(bytes).map { Double($0) }
    },
    WorkloadFile(1, "cpu.cfs_quota_us", .rare, { $0.cpu }) { bytes, reading in
      let (quota, period) = (CgroupParser.limit(bytes), reading.cpuLimit ?? 0)
      reading.cpuLimit = quota.flatMap { period > 0 ? Double($0) / period : nil }
    },
    WorkloadFile(1, "memory.limit_in_bytes", .rare, { $0.memory }) { $1.memoryLimit = CgroupParser.limit($0) },
    WorkloadFile(1, "memory.max_usage_in_bytes", .peak, { $0.memory }) { $1.memoryPeak = CgroupParser.limit($0) },
    WorkloadFile(1, "pids.max", .rare, { $0.tasks }) { $1.tasksLimit = CgroupParser.limit($0) },
  ]
}

/// Parser of the control groups' files with several numbers (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).
enum WorkloadFileParser {
  /// Parses cpu.stat of either version; version 1's has no CPU time.
  static func cpuStat(_ bytes: Span<UInt8>, into reading: inout WorkloadReading) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("usage_usec ", &position) {
        reading.cpu = bytes.unsigned(&position)
      } else if bytes.skip("nr_periods ", &position) {
        reading.periods = bytes.unsigned(&position)
      } else if bytes.skip("nr_throttled ", &position) {
        reading.throttledPeriods = bytes.unsigned(&position)
      } else if bytes.skip("throttled_usec ", &position) {
        reading.throttled = bytes.unsigned(&position)
      } else if bytes.skip("throttled_time ", &position) {
        reading.throttled = bytes.unsigned(&position).map { $0 / 1_000 }
      }
      bytes.skipLine(&position)
    }
  }

  /// Parses memory.stat of either version; a version 1 group's own numbers come before those with its children.
  static func memoryStat(_ bytes: Span<UInt8>, into reading: inout WorkloadReading) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("inactive_file ", &position) || bytes.skip("total_inactive_file ", &position) {
        reading.inactiveFile = bytes.unsigned(&position)
      } else if bytes.skip("anon ", &position) || bytes.skip("total_rss ", &position) {
        reading.anonymous = bytes.unsigned(&position)
      } else if bytes.skip("file ", &position) || bytes.skip("total_cache ", &position) {
        reading.cache = bytes.unsigned(&position)
      } else if bytes.skip("total_swap ", &position) {
        reading.swap = bytes.unsigned(&position)
      }
      bytes.skipLine(&position)
    }
  }

  /// Parses io.stat, a line per device, "8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0"; a group without I/O
  /// has an empty file.
  static func ioStat(_ bytes: Span<UInt8>, into reading: inout WorkloadReading) {
    var (read, written, reads, writes): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var position = 0
    while position < bytes.count {
      while true {
        bytes.skipBlanks(&position)
        if bytes.skip("rbytes=", &position) {
          read &+= bytes.unsigned(&position) ?? 0
        } else if bytes.skip("wbytes=", &position) {
          written &+= bytes.unsigned(&position) ?? 0
        } else if bytes.skip("rios=", &position) {
          reads &+= bytes.unsigned(&position) ?? 0
        } else if bytes.skip("wios=", &position) {
          writes &+= bytes.unsigned(&position) ?? 0
        } else if !bytes.skipWord(&position) {
          break
        }
      }
      bytes.skipLine(&position)
    }
    (reading.readBytes, reading.writtenBytes) = (read, written)
    (reading.reads, reading.writes) = (reads, writes)
  }

  /// Whether a file of version 1's I/O has lines of devices, "8:0 Read 90112", besides the total.
  static func hasDevices(_ bytes: Span<UInt8>) -> Bool {
    (0..<bytes.count).contains { bytes[$0] == UInt8(ascii: ":") }
  }

  /// Parses blkio.throttle.io_service_bytes_recursive and io_serviced_recursive, lines of "8:0 Read 90112" and a total
  /// at the end.
  static func services(_ bytes: Span<UInt8>) -> (read: UInt64, written: UInt64) {
    var (read, written): (UInt64, UInt64) = (0, 0)
    var position = 0
    while position < bytes.count {
      if bytes.skipWord(&position) {
        bytes.skipBlanks(&position)
        if bytes.skip("Read ", &position) {
          read &+= bytes.unsigned(&position) ?? 0
        } else if bytes.skip("Write ", &position) {
          written &+= bytes.unsigned(&position) ?? 0
        }
      }
      bytes.skipLine(&position)
    }
    return (read, written)
  }
}
