internal import AgentMetrics
internal import SystemIO

/// A file of a control group that workloads are read from.
struct WorkloadFile: Sendable {
  /// How often it is read.
  enum Rate {
    /// At each pass: these two show whether anything happened.
    case always
    /// Where something happened, and at every thirtieth pass.
    case active
    /// As those, but at every fifth pass: memory.stat has dozens of lines, which take the kernel some 20 µs.
    case slow
    /// At every sixtieth pass: limits and other levels that rarely change.
    case rare
  }

  let name: StaticString
  let version: Int
  let rate: Rate
  /// The hierarchy that has it; nil without one.
  let tree: @Sendable (CgroupTrees) -> Int?
  let parse: @Sendable (Span<UInt8>, inout WorkloadReading) -> Void

  private init(
    _ version: Int, _ name: StaticString, _ rate: Rate, _ tree: @escaping @Sendable (CgroupTrees) -> Int?,
    _ parse: @escaping @Sendable (Span<UInt8>, inout WorkloadReading) -> Void
  ) {
    self.version = version
    self.name = name
    self.rate = rate
    self.tree = tree
    self.parse = parse
  }

  /// A file with one number, or with "max".
  private static func number(
    _ version: Int, _ name: StaticString, _ rate: Rate, _ tree: @escaping @Sendable (CgroupTrees) -> Int?,
    _ path: any WritableKeyPath<WorkloadReading, UInt64?> & Sendable
  ) -> WorkloadFile {
    WorkloadFile(version, name, rate, tree) { $1[keyPath: path] = CgroupParser.limit($0) }
  }

  /// A pressure file.
  private static func pressure(
    _ name: StaticString, _ path: any WritableKeyPath<WorkloadReading, UInt64?> & Sendable
  ) -> WorkloadFile {
    // Version 2 has pressure beside version 1's controllers, too.
    WorkloadFile(2, name, .active, { $0.unified }) { $1[keyPath: path] = PressureParser.resource($0)?.some?.total }
  }

  /// All files, at most 32; those of ``Rate/always`` first.
  static let all: [WorkloadFile] = unified + legacy

  private static let unified: [WorkloadFile] = [
    WorkloadFile(2, "cpu.stat", .always, { $0.usage }) { WorkloadFileParser.cpuStat($0, into: &$1) },
    number(2, "memory.current", .always, { $0.memory }, \.memory),
    WorkloadFile(2, "memory.stat", .slow, { $0.memory }) {
      $1.inactiveFile = CgroupParser.value($0, of: "inactive_file ")
    },
    WorkloadFile(2, "memory.events", .active, { $0.memory }) { $1.oomKills = CgroupParser.value($0, of: "oom_kill ") },
    number(2, "memory.swap.current", .active, { $0.memory }, \.swap),
    WorkloadFile(2, "io.stat", .active, { $0.io }) { WorkloadFileParser.ioStat($0, into: &$1) },
    number(2, "pids.current", .active, { $0.tasks }, \.tasks),
    pressure("cpu.pressure", \.cpuStall),
    pressure("memory.pressure", \.memoryStall),
    pressure("io.pressure", \.ioStall),
    WorkloadFile(2, "cpu.max", .rare, { $0.cpu }) { $1.cpuLimit = CgroupParser.cpuMaximum($0) },
    number(2, "memory.max", .rare, { $0.memory }, \.memoryLimit),
    number(2, "memory.peak", .rare, { $0.memory }, \.memoryPeak),
    number(2, "pids.max", .rare, { $0.tasks }, \.tasksLimit),
  ]

  private static let legacy: [WorkloadFile] = [
    WorkloadFile(1, "cpuacct.usage", .always, { $0.usage }) { bytes, reading in
      reading.cpu = CgroupParser.limit(bytes).map { $0 / 1_000 }
    },
    number(1, "memory.usage_in_bytes", .always, { $0.memory }, \.memory),
    WorkloadFile(1, "cpu.stat", .active, { $0.cpu }) { WorkloadFileParser.cpuStat($0, into: &$1) },
    WorkloadFile(1, "memory.stat", .slow, { $0.memory }) { bytes, reading in
      reading.inactiveFile = CgroupParser.value(bytes, of: "total_inactive_file ")
      reading.swap = CgroupParser.value(bytes, of: "total_swap ")
    },
    WorkloadFile(1, "memory.oom_control", .active, { $0.memory }) {
      $1.oomKills = CgroupParser.value($0, of: "oom_kill ")
    },
    WorkloadFile(1, "blkio.throttle.io_service_bytes_recursive", .active, { $0.io }) {
      WorkloadFileParser.serviceBytes($0, into: &$1)
    },
    number(1, "pids.current", .active, { $0.tasks }, \.tasks),
    WorkloadFile(1, "cpu.cfs_period_us", .rare, { $0.cpu }) { bytes, reading in
      // Its reader reads the quota next, which needs the period.
      reading.cpuLimit = CgroupParser.limit(bytes).map { Double($0) }
    },
    WorkloadFile(1, "cpu.cfs_quota_us", .rare, { $0.cpu }) { bytes, reading in
      let (quota, period) = (CgroupParser.limit(bytes), reading.cpuLimit ?? 0)
      reading.cpuLimit = quota.flatMap { period > 0 ? Double($0) / period : nil }
    },
    number(1, "memory.limit_in_bytes", .rare, { $0.memory }, \.memoryLimit),
    number(1, "memory.max_usage_in_bytes", .rare, { $0.memory }, \.memoryPeak),
    number(1, "pids.max", .rare, { $0.tasks }, \.tasksLimit),
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

  /// Parses io.stat, a line per device, "8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0"; a group without I/O
  /// has an empty file.
  static func ioStat(_ bytes: Span<UInt8>, into reading: inout WorkloadReading) {
    var (read, written): (UInt64, UInt64) = (0, 0)
    var position = 0
    while position < bytes.count {
      while true {
        bytes.skipBlanks(&position)
        if bytes.skip("rbytes=", &position) {
          read &+= bytes.unsigned(&position) ?? 0
        } else if bytes.skip("wbytes=", &position) {
          written &+= bytes.unsigned(&position) ?? 0
        } else if !bytes.skipWord(&position) {
          break
        }
      }
      bytes.skipLine(&position)
    }
    reading.readBytes = read
    reading.writtenBytes = written
  }

  /// Parses blkio.throttle.io_service_bytes_recursive, lines of "8:0 Read 90112" and a total at the end.
  static func serviceBytes(_ bytes: Span<UInt8>, into reading: inout WorkloadReading) {
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
    reading.readBytes = read
    reading.writtenBytes = written
  }
}
