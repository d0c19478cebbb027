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
  /// The part of it whose workload is that of an ancestor, which the process may have left.
  package var guessed: UInt64 = 0
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
  /// The part of it whose workload is only that of an ancestor.
  var guessed = 0.0
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
    guessed = elapsed.rate(previous?.guessed ?? 0, current.guessed, unit: 1e-6)
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
    return all.sorted(by: precedes)
  }

  static func precedes(_ left: EndedProcesses, _ right: EndedProcesses) -> Bool {
    if left.cpu != right.cpu { return left.cpu > right.cpu }
    return left.count != right.count ? left.count > right.count : (left.name, left.user) < (right.name, right.user)
  }

  /// Takes a part of its use off, with the same part of the processes.
  ///
  /// - Parameters:
  ///   - part: CPU time per second.
  ///   - guess: the part of it whose workload is an ancestor's.
  mutating func split(_ part: Double, guessed guess: Double) -> EndedProcesses {
    let share = cpu > 0 ? min(1, part / cpu) : 0
    var other = self
    (other.cpu, other.guessed, other.count) = (part, guess, (count * share).rounded())
    (other.readRate, other.writeRate) = (readRate * share, writeRate * share)
    (cpu, guessed, count) = (cpu - part, max(0, guessed - guess), count - other.count)
    (readRate, writeRate) = (readRate - other.readRate, writeRate - other.writeRate)
    return other
  }

  /// Adds processes of the same name, user and workload.
  mutating func add(_ other: EndedProcesses) {
    (cpu, guessed, count) = (cpu + other.cpu, guessed + other.guessed, count + other.count)
    (readRate, writeRate) = (readRate + other.readRate, writeRate + other.writeRate)
    peak = max(peak, other.peak)
  }

  package static let table = Table<EndedProcesses>([
    .text("name", "Name of the processes", source: "taskstats ac_comm", \.name).titled("Name", "名前"),
    .text("user", "Their user", source: "taskstats ac_uid, /etc/passwd", \.user).titled("User", "ユーザー"),
    .text(
      "workload", "Id of their workload, or of a running ancestor's where its CPU time has room for theirs",
      source: "/proc/PID/cgroup; control groups", \.workload),
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
