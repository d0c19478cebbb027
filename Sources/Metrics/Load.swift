/// Load averages and task counts; a level, so that Reading and Sample hold the same.
package struct Load: MetricGroup, Hashable {
  /// Exponentially damped mean number of runnable or uninterruptible tasks over one minute.
  package var load1 = Double.nan
  /// The same over five minutes.
  package var load5 = Double.nan
  /// The same over fifteen minutes.
  package var load15 = Double.nan
  /// Tasks that run or are runnable.
  package var running = Double.nan
  /// Tasks blocked on I/O.
  package var blocked = Double.nan
  /// All tasks (threads) that exist.
  package var tasks = Double.nan

  package init() {}

  package static let table = Table<Load>([
    .gauge("load1", .count, "Load average of one minute", source: "/proc/loadavg", \.load1).fractional.titled(
      "1 min", "1 分"),
    .gauge("load5", .count, "Load average of five minutes", source: "/proc/loadavg", \.load5).fractional.titled(
      "5 min", "5 分"),
    .gauge("load15", .count, "Load average of fifteen minutes", source: "/proc/loadavg", \.load15).fractional.titled(
      "15 min", "15 分"),
    .gauge("running", .count, "Runnable tasks", source: "/proc/stat procs_running", \.running).titled("Running", "実行中"),
    .gauge("blocked", .count, "Tasks blocked on I/O", source: "/proc/stat procs_blocked", \.blocked).titled(
      "Blocked", "ブロック中"),
    .gauge("tasks", .count, "Tasks (threads)", source: "/proc/loadavg", \.tasks).titled("Tasks", "タスク"),
  ])
}
