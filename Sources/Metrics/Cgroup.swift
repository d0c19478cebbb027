/// Limits and counters of the agent's own control group at one instant.
package struct CgroupReading: Sendable, Hashable {
  /// Version of the hierarchy, 1 or 2.
  package var version: Int
  /// Path in the hierarchy.
  package var path: String
  /// CPU limit, in CPUs; nil without a limit.
  package var cpuLimit: Double?
  /// Microseconds of CPU time used.
  package var cpuMicroseconds: UInt64?
  /// Periods in which the group was throttled.
  package var throttledPeriods: UInt64?
  /// Periods in which the group was runnable.
  package var periods: UInt64?
  /// Microseconds throttled, summed over CPUs.
  package var throttledMicroseconds: UInt64?
  /// Memory limit in bytes; nil without a limit.
  package var memoryLimit: UInt64?
  /// Bytes in use, page cache included.
  package var memoryUsage: UInt64?
  /// Bytes of page cache that can be reclaimed immediately.
  package var memoryInactiveFile: UInt64?
  /// Swap limit in bytes; nil without a limit.
  package var swapLimit: UInt64?
  /// Bytes of swap in use.
  package var swapUsage: UInt64?
  /// Processes of the group killed by the OOM killer.
  package var oomKills: UInt64?
  package var tasks: UInt64?
  /// Task limit; nil without a limit.
  package var tasksLimit: UInt64?

  package init(version: Int, path: String) {
    self.version = version
    self.path = path
  }
}

/// Limits and use of the agent's own control group, beside the host's values.
package struct Cgroup: MetricGroup, Hashable {
  /// Version of the hierarchy, 1 or 2.
  package var version = Double.nan
  package var path = ""
  /// CPU limit, in CPUs; NaN without a limit.
  package var cpuLimit = Double.nan
  /// CPU time per second, in CPUs.
  package var cpuCores = Double.nan
  /// Share of periods in which the group was throttled.
  package var throttled = Double.nan
  /// Memory limit in bytes; NaN without a limit.
  package var memoryLimit = Double.nan
  /// Bytes in use without the page cache that can be reclaimed immediately.
  package var memoryUsed = Double.nan
  /// Swap limit in bytes; NaN without a limit.
  package var swapLimit = Double.nan
  /// Bytes of swap in use.
  package var swapUsed = Double.nan
  /// Processes killed by the OOM killer.
  package var oomKills = Double.nan
  package var tasks = Double.nan
  /// Task limit; NaN without a limit.
  package var tasksLimit = Double.nan

  /// Used CPU ÷ its limit; NaN without a limit.
  package var cpuUsage: Double { share(cpuCores, of: cpuLimit) }

  /// Used memory ÷ its limit; NaN without a limit.
  package var memoryUsage: Double { share(memoryUsed, of: memoryLimit) }

  package init() {}

  /// Computes the use between two Readings.
  package init(from previous: CgroupReading?, to current: CgroupReading, over elapsed: Elapsed) {
    version = Double(current.version)
    path = current.path
    cpuLimit = current.cpuLimit ?? .nan
    // A group is created after boot at an unknown time, so there is no rate over the time since boot.
    let elapsed = elapsed.isSinceBoot ? Elapsed(seconds: .nan) : elapsed
    cpuCores = elapsed.rate(previous?.cpuMicroseconds, current.cpuMicroseconds, unit: 1e-6)
    let periods = metric(elapsed.growth(previous?.periods, current.periods))
    throttled = share(metric(elapsed.growth(previous?.throttledPeriods, current.throttledPeriods)), of: periods)
    memoryLimit = metric(current.memoryLimit)
    memoryUsed = max(0, metric(current.memoryUsage) - Double(current.memoryInactiveFile ?? 0))
    if current.memoryUsage == nil { memoryUsed = .nan }
    swapLimit = metric(current.swapLimit)
    swapUsed = metric(current.swapUsage)
    oomKills = metric(current.oomKills)
    tasks = metric(current.tasks)
    tasksLimit = metric(current.tasksLimit)
  }

  package static let table = Table<Cgroup>([
    .gauge("version", .count, "Version of the hierarchy, 1 or 2", source: "/proc/self/cgroup", \.version),
    .text("path", "The group's path", source: "/proc/self/cgroup", \.path),
    .gauge(
      "cpu_limit_cores", .cores, "CPUs' worth of time allowed", source: "cpu.max; cpu.cfs_quota_us ÷ period", \.cpuLimit
    ),
    .gauge("cpu_cores", .cores, "CPUs' worth of time used", source: "cpu.stat usage_usec; cpuacct.usage", \.cpuCores)
      .rate
      .titled("CPU"),
    .gauge(
      "cpu_usage", .ratio, "Share of the allowed CPU time used", source: "cpu_cores ÷ cpu_limit_cores", \.cpuUsage),
    .gauge(
      "throttled", .ratio, "Share of periods throttled", source: "cpu.stat nr_throttled ÷ nr_periods",
      \.throttled
    ).rate.titled("Throttled", "スロットリング"),
    .gauge("memory_limit_mb", .mebibytes, "Memory allowed", source: "memory.max; memory.limit_in_bytes", \.memoryLimit),
    .gauge(
      "memory_used_mb", .mebibytes, "Memory in use without reclaimable page cache",
      source: "memory.current − inactive_file; memory.usage_in_bytes − total_inactive_file", \.memoryUsed
    ).titled("Memory", "メモリ"),
    .gauge("memory_usage", .ratio, "Share of the allowed memory in use", source: "used ÷ limit", \.memoryUsage),
    .gauge("swap_limit_mb", .mebibytes, "Swap allowed", source: "memory.swap.max", \.swapLimit),
    .gauge("swap_used_mb", .mebibytes, "Swap in use", source: "memory.swap.current", \.swapUsed).titled("Swap", "スワップ"),
    .counter(
      "oom_kills_total", .count, "OOM kills in the group",
      source: "memory.events oom_kill; memory.oom_control", \.oomKills
    ).titled("OOM kills", "OOM による強制終了"),
    .gauge("tasks", .count, "Tasks in the group", source: "pids.current", \.tasks).titled("Tasks", "タスク"),
    .gauge("tasks_limit", .count, "Tasks allowed", source: "pids.max", \.tasksLimit),
  ])
}
