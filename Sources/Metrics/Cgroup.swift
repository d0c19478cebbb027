/// What the control group that the agent itself runs in said at one instant.
public struct CgroupReading: Sendable, Hashable {
  /// 1 or 2.
  public var version: Int
  /// Its path in the hierarchy, as /proc/self/cgroup has it.
  public var path: String
  /// CPUs' worth of time that it may use; nil without a limit.
  public var cpuLimit: Double?
  /// Microseconds of CPU time used.
  public var cpuMicroseconds: UInt64?
  /// Periods in which it was held back.
  public var throttledPeriods: UInt64?
  /// Periods in which it could run.
  public var periods: UInt64?
  /// Microseconds held back, summed over CPUs.
  public var throttledMicroseconds: UInt64?
  /// Bytes that it may use; nil without a limit.
  public var memoryLimit: UInt64?
  /// Bytes in use, page cache included.
  public var memoryUsage: UInt64?
  /// Page cache that can be given back at once.
  public var memoryInactiveFile: UInt64?
  /// Bytes of swap that it may use; nil without a limit.
  public var swapLimit: UInt64?
  /// Bytes of swap in use.
  public var swapUsage: UInt64?
  /// Its processes killed for want of memory.
  public var oomKills: UInt64?
  /// Tasks in it.
  public var tasks: UInt64?
  /// Tasks that it may have; nil without a limit.
  public var tasksLimit: UInt64?

  /// A group by its place.
  public init(version: Int, path: String) {
    self.version = version
    self.path = path
  }
}

/// The limits and use of the agent's own control group, beside the host's figures.
public struct Cgroup: Domain, Hashable {
  /// 1 or 2.
  public var version = Double.nan
  /// Its path.
  public var path = ""
  /// CPUs' worth of time that it may use; NaN without a limit.
  public var cpuLimit = Double.nan
  /// CPUs' worth of time used.
  public var cpuCores = Double.nan
  /// Share of periods in which it was held back.
  public var throttled = Double.nan
  /// Bytes that it may use; NaN without a limit.
  public var memoryLimit = Double.nan
  /// Bytes in use without the page cache that can be given back at once.
  public var memoryUsed = Double.nan
  /// Bytes of swap that it may use; NaN without a limit.
  public var swapLimit = Double.nan
  /// Bytes of swap in use.
  public var swapUsed = Double.nan
  /// Processes killed for want of memory.
  public var oomKills = Double.nan
  /// Tasks in it.
  public var tasks = Double.nan
  /// Tasks that it may have; NaN without a limit.
  public var tasksLimit = Double.nan

  /// Used CPU ÷ its limit; NaN without a limit.
  public var cpuUsage: Double { share(cpuCores, of: cpuLimit) }

  /// Used memory ÷ its limit; NaN without a limit.
  public var memoryUsage: Double { share(memoryUsed, of: memoryLimit) }

  /// Nothing known.
  public init() {}

  /// The group between two Readings.
  public init(from previous: CgroupReading?, to current: CgroupReading, over elapsed: Elapsed) {
    version = Double(current.version)
    path = current.path
    cpuLimit = current.cpuLimit ?? .nan
    // A group is made after boot, and nobody tells when: over the time since boot there is no rate.
    let elapsed = elapsed.isSinceBoot ? Elapsed(seconds: .nan) : elapsed
    cpuCores = elapsed.rate(previous?.cpuMicroseconds, current.cpuMicroseconds, unit: 1e-6)
    let periods = figure(elapsed.growth(previous?.periods, current.periods))
    throttled = share(figure(elapsed.growth(previous?.throttledPeriods, current.throttledPeriods)), of: periods)
    memoryLimit = figure(current.memoryLimit)
    memoryUsed = max(0, figure(current.memoryUsage) - Double(current.memoryInactiveFile ?? 0))
    if current.memoryUsage == nil { memoryUsed = .nan }
    swapLimit = figure(current.swapLimit)
    swapUsed = figure(current.swapUsage)
    oomKills = figure(current.oomKills)
    tasks = figure(current.tasks)
    tasksLimit = figure(current.tasksLimit)
  }

  /// The figures of the group.
  public static let table = Table<Cgroup>([
    .gauge("version", .count, "Version of the hierarchy, 1 or 2", source: "/proc/self/cgroup", \.version),
    .text("path", "The group's path", source: "/proc/self/cgroup", \.path),
    .gauge(
      "cpu_limit_cores", .cores, "CPUs' worth of time allowed", source: "cpu.max; cpu.cfs_quota_us ÷ period", \.cpuLimit
    ),
    .gauge("cpu_cores", .cores, "CPUs' worth of time used", source: "cpu.stat usage_usec; cpuacct.usage", \.cpuCores),
    .gauge(
      "cpu_usage", .ratio, "Share of the allowed CPU time used", source: "cpu_cores ÷ cpu_limit_cores", \.cpuUsage),
    .gauge(
      "throttled", .ratio, "Share of periods throttled", source: "cpu.stat nr_throttled ÷ nr_periods",
      \.throttled),
    .gauge("memory_limit_mb", .mebibytes, "Memory allowed", source: "memory.max; memory.limit_in_bytes", \.memoryLimit),
    .gauge(
      "memory_used_mb", .mebibytes, "Memory in use without reclaimable page cache",
      source: "memory.current − inactive_file; memory.usage_in_bytes − total_inactive_file", \.memoryUsed),
    .gauge("memory_usage", .ratio, "Share of the allowed memory in use", source: "used ÷ limit", \.memoryUsage),
    .gauge("swap_limit_mb", .mebibytes, "Swap allowed", source: "memory.swap.max", \.swapLimit),
    .gauge("swap_used_mb", .mebibytes, "Swap in use", source: "memory.swap.current", \.swapUsed),
    .counter(
      "oom_kills_total", .count, "OOM kills in the group",
      source: "memory.events oom_kill; memory.oom_control", \.oomKills),
    .gauge("tasks", .count, "Tasks in the group", source: "pids.current", \.tasks),
    .gauge("tasks_limit", .count, "Tasks allowed", source: "pids.max", \.tasksLimit),
  ])
}
