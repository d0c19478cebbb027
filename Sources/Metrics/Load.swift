/// Load averages and what is runnable now; a level, so that Reading and Sample hold the same.
public struct Load: Domain, Hashable {
  /// Exponentially damped mean number of runnable or uninterruptible tasks over one minute.
  public var load1 = Double.nan
  /// The same over five minutes.
  public var load5 = Double.nan
  /// The same over fifteen minutes.
  public var load15 = Double.nan
  /// Tasks that run or are ready to.
  public var running = Double.nan
  /// Tasks blocked on I/O.
  public var blocked = Double.nan
  /// All tasks (threads) that exist.
  public var tasks = Double.nan

  /// Nothing known.
  public init() {}

  /// The figures of load.
  public static let table = Table<Load>([
    .gauge("load1", .count, "Load average of one minute", source: "/proc/loadavg", \.load1).fractional,
    .gauge("load5", .count, "Load average of five minutes", source: "/proc/loadavg", \.load5).fractional,
    .gauge("load15", .count, "Load average of fifteen minutes", source: "/proc/loadavg", \.load15).fractional,
    .gauge("running", .count, "Runnable tasks", source: "/proc/stat procs_running", \.running),
    .gauge("blocked", .count, "Tasks blocked on I/O", source: "/proc/stat procs_blocked", \.blocked),
    .gauge("tasks", .count, "Tasks (threads)", source: "/proc/loadavg", \.tasks),
  ])
}
