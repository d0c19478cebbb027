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
  ])
}

/// State of pushing samples to one receiver.
package struct PushReading: MetricGroup, Hashable {
  /// The receiver's URL without secrets.
  package var target = ""
  /// Whether the receiver accepts samples.
  package var isWorking = false
  /// Seconds behind the newest sample.
  package var lag = Double.nan
  /// Samples waiting to be sent.
  package var pending = Double.nan
  /// Samples accepted.
  package var samples = Double.nan
  /// Values accepted.
  package var values = Double.nan
  /// Bytes of accepted requests.
  package var bytes = Double.nan
  /// Requests that failed and were retried.
  package var failed = Double.nan
  /// Samples that the receiver rejected.
  package var dropped = Double.nan
  /// Samples discarded before the receiver could be reached again.
  package var lost = Double.nan

  package init() {}

  package init(target: String) {
    self.target = target
  }

  static let table = Table<PushReading>([
    .text("target", "Receiver of samples", source: "the agent", \.target),
    .flag("working", "Whether the receiver accepts samples", source: "the agent", \.isWorking),
    .gauge("lag_seconds", .seconds, "Lag behind the newest sample", source: "the agent", \.lag),
    .gauge("pending", .count, "Samples waiting to be sent", source: "the agent", \.pending),
    .counter("samples_total", .count, "Samples accepted", source: "the agent", \.samples),
    .counter("values_total", .count, "Values accepted", source: "the agent", \.values),
    .counter("bytes_total", .bytes, "Bytes of accepted requests", source: "the agent", \.bytes),
    .counter("failed_total", .count, "Requests failed and retried", source: "the agent", \.failed),
    .counter("dropped_total", .count, "Samples rejected by the receiver", source: "the agent", \.dropped),
    .counter("lost_total", .count, "Samples discarded before the receiver came back", source: "the agent", \.lost),
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
  /// Each receiver of samples; empty when push is off.
  package var push: [PushReading] = []

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
  /// Each receiver of samples; empty when push is off.
  package var push: [PushReading] = []

  package init() {}

  package init(from previous: AgentReading?, to current: AgentReading, over elapsed: Elapsed) {
    version = current.version
    let elapsed = elapsed.isSinceBoot ? Elapsed(seconds: .nan) : elapsed
    cpu = elapsed.rate(previous?.cpuNanoseconds, current.cpuNanoseconds, unit: 1e-9)
    cpuTotal = metric(current.cpuNanoseconds) * 1e-9
    resident = metric(current.resident)
    sources = current.sources
    push = current.push
  }

  package static let table = Table<AgentCost>([
    .text("version", "Version of the agent", source: "the agent", \.version),
    .gauge(
      "cpu_cores", .cores, "CPU use of the agent, in CPUs", source: "clock_gettime, process CPU time", \.cpu
    ).titled("CPU usage", "CPU 使用率"),
    .counter("cpu_seconds_total", .seconds, "CPU time used by the agent", source: "clock_gettime", \.cpuTotal).titled(
      "CPU time", "CPU 時間"),
    .gauge("rss_bytes", .bytes, "Resident memory of the agent", source: "/proc/self/statm", \.resident).titled(
      "Memory", "メモリ"),
    .list("sources", keys: [Label("source") { $0.name }], SourceReading.table, \.sources),
    .list("push", keys: [Label("target") { $0.target }], PushReading.table, \.push, omitsEmpty: true),
  ])
}
