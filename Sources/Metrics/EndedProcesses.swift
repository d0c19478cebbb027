/// Counters of the ended processes of one name, user and workload; they grow from scan to scan.
package struct EndedReading: Sendable, Hashable {
  /// Ascending number; counters that begin again have another one.
  package let serial: Int
  package let name: String
  package let user: String
  /// Id of the workload of the nearest ancestor that was running; nil where unknown.
  package let workload: String?
  package var count: UInt64 = 0
  /// CPU time in microseconds that no scan counted.
  package var cpu: UInt64 = 0
  package var readBytes: UInt64 = 0
  package var writtenBytes: UInt64 = 0
  /// Highest resident memory of one of them, in bytes.
  package var peakBytes: UInt64 = 0

  package init(serial: Int, name: String, user: String, workload: String?) {
    (self.serial, self.name, self.user, self.workload) = (serial, name, user, workload)
  }
}

/// The processes of one name, user and workload that ended in one interval.
package struct EndedProcesses: MetricGroup, Hashable {
  package var name = ""
  package var user = ""
  package var workload: String?
  package var count = 0.0
  /// CPU time per second, in CPUs, that no scan saw.
  package var cpu = Double.nan
  package var readRate = Double.nan
  package var writeRate = Double.nan
  /// Highest resident memory of one of them since the agent's start, in bytes.
  package var peak = Double.nan

  package init() {}

  /// Computes the growth between two scans.
  package init(from previous: EndedReading?, to current: EndedReading, over elapsed: Elapsed) {
    (name, user, workload) = (current.name, current.user, current.workload)
    count = Double(current.count - (previous?.count ?? 0))
    cpu = elapsed.rate(previous?.cpu ?? 0, current.cpu, unit: 1e-6)
    readRate = elapsed.rate(previous?.readBytes ?? 0, current.readBytes)
    writeRate = elapsed.rate(previous?.writtenBytes ?? 0, current.writtenBytes)
    peak = Double(current.peakBytes)
  }

  /// The groups that grew, most CPU time first, then by their number.
  static func list(from previous: [EndedReading], to current: [EndedReading], over elapsed: Elapsed) -> [EndedProcesses]
  {
    var all: [EndedProcesses] = []
    var cursor = 0
    for reading in current {
      while cursor < previous.count, previous[cursor].serial < reading.serial { cursor += 1 }
      let isKnown = cursor < previous.count && previous[cursor].serial == reading.serial
      let before = isKnown ? previous[cursor] : nil
      if before?.count != reading.count { all.append(EndedProcesses(from: before, to: reading, over: elapsed)) }
    }
    return all.sorted { left, right in
      if left.cpu != right.cpu { return left.cpu > right.cpu }
      return left.count != right.count ? left.count > right.count : (left.name, left.user) < (right.name, right.user)
    }
  }

  package static let table = Table<EndedProcesses>([
    .text("name", "Name of the processes", source: "taskstats ac_comm", \.name).titled("Name", "名前"),
    .text("user", "Their user", source: "taskstats ac_uid, /etc/passwd", \.user).titled("User", "ユーザー"),
    .text("workload", "Id of the workload of a running ancestor", source: "/proc/PID/cgroup", \.workload),
    .gauge("count", .count, "Processes that ended in the interval", source: "taskstats", \.count),
    .gauge(
      "cpu", .cores, "CPUs' worth of time that no scan saw",
      source: "taskstats cpu_run_virtual_total, else ac_utime + ac_stime ÷ Δt", \.cpu
    ).titled("CPU"),
    .gauge(
      "read_bytes_per_sec", .bytesPerSecond, "Read from storage", source: "taskstats read_bytes", \.readRate),
    .gauge(
      "write_bytes_per_sec", .bytesPerSecond, "Written to storage", source: "taskstats write_bytes", \.writeRate),
    .gauge(
      "peak_rss_bytes", .bytes, "Highest memory resident of one of them since the agent's start",
      source: "taskstats hiwater_rss", \.peak),
  ])
}
