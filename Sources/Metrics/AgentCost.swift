/// State of one collector after the last tick.
package struct SourceReading: MetricGroup, Hashable {
  /// The collector's name, "cpu".
  package var name = ""
  /// Seconds spent reading.
  package var duration = Double.nan
  /// Whether the last read succeeded; also true on a machine without this hardware, where no values are reported.
  package var success = false
  /// Seconds since the values were read; 0 when fresh, NaN before the first successful read.
  package var age = Double.nan
  /// Error of the last read, in one line; nil on success.
  package var error: String?
  /// Limitation of a working source, in one line; nil when it sees everything.
  package var note: String?

  package var isPartial: Bool { note != nil }

  package init() {}

  package init(name: String, duration: Double, success: Bool, age: Double, error: String? = nil) {
    self.name = name
    self.duration = duration
    self.success = success
    self.age = age
    self.error = error
  }

  static let table = Table<SourceReading>([
    .text("source", "Collector", source: "the agent", \.name).titled("Source", "データソース"),
    .gauge("duration_seconds", .seconds, "Read time", source: "the agent", \.duration).titled("Read time", "所要時間"),
    .flag("success", "Whether the last read succeeded", source: "the agent", \.success).titled("State", "状態"),
    .gauge("age_seconds", .seconds, "Age of its values", source: "the agent", \.age),
    .text("error", "Error of the last read", source: "the agent", \.error),
    .text("note", "Parts that the source cannot see", source: "the agent", \.note),
    .flag(
      "partial", "Whether the source cannot see everything", source: "the agent", \.isPartial, omitsFalse: true),
  ])
}

/// Resource use of the agent itself at one instant.
package struct AgentReading: Sendable, Hashable {
  /// Version of the program.
  package var version = ""
  /// Nanoseconds of CPU time used, user and system.
  package var cpuNanoseconds: UInt64?
  /// Bytes of memory resident.
  package var resident: UInt64?
  /// Each source's last reading.
  package var sources: [SourceReading] = []
  /// State of each receiver of samples; empty where none is configured.
  package var push: [PushStatus] = []
  /// State of the archive; nil without one.
  package var archive: ArchiveStatus?
  /// State of the HTTP server; nil where it does not run.
  package var server: ServerStatus?

  package init() {}
}

/// CPU and memory use of the agent, with the state of its collectors and receivers.
package struct AgentCost: MetricGroup, Hashable {
  /// Version of the program.
  package var version = ""
  /// CPU time per second, in CPUs; NaN for a lone Reading.
  package var cpu = Double.nan
  /// Bytes resident.
  package var resident = Double.nan
  /// Seconds of CPU time used since its start.
  package var cpuTotal = Double.nan
  /// Each source's last reading.
  package var sources: [SourceReading] = []
  /// State of each receiver of samples; empty where none is configured.
  package var push: [PushStatus] = []
  /// State of the archive; nil without one.
  package var archive: ArchiveStatus?
  /// State of the HTTP server; nil where it does not run.
  package var server: ServerStatus?

  package init() {}

  package init(from previous: AgentReading?, to current: AgentReading, over elapsed: Elapsed) {
    version = current.version
    let elapsed = elapsed.isSinceBoot ? Elapsed(seconds: .nan) : elapsed
    cpu = elapsed.rate(previous?.cpuNanoseconds, current.cpuNanoseconds, unit: 1e-9)
    cpuTotal = metric(current.cpuNanoseconds) * 1e-9
    resident = metric(current.resident)
    sources = current.sources
    push = current.push
    archive = current.archive
    server = current.server
  }

  package static let table = Table<AgentCost>([
    .text("version", "Version of the agent", source: "the agent", \.version),
    .gauge(
      "cpu_cores", .cores, "CPU use of the agent, in CPUs", source: "clock_gettime, process CPU time", \.cpu
    ).rate.titled("CPU usage", "CPU 使用率"),
    .counter("cpu_seconds_total", .seconds, "CPU time used by the agent", source: "clock_gettime", \.cpuTotal).titled(
      "CPU time", "CPU 時間"),
    .gauge("rss_bytes", .bytes, "Resident memory of the agent", source: "/proc/self/statm", \.resident).titled(
      "Memory", "メモリ"),
    .list("sources", keys: [Label("source") { $0.name }], SourceReading.table, \.sources),
    .list("push", keys: [Label("target") { $0.url }], PushStatus.table, \.push, omitsEmpty: true),
    .part("archive", ArchiveStatus.table, \.archive),
    .part("server", ServerStatus.table, \.server),
  ])
}
