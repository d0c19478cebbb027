/// How one source of figures did on the last tick.
package struct SourceReading: MetricGroup, Hashable {
  /// The collector's name, "cpu".
  package var name = ""
  /// Seconds that reading took.
  package var duration = Double.nan
  /// Whether it worked; a source that the machine does not have works too, and tells nothing.
  package var success = false
  /// Seconds since the figures it gave were read; 0 when fresh, NaN when it never gave any.
  package var age = Double.nan
  /// What went wrong, in one line; nil when nothing did.
  package var error: String?
  /// What the source cannot see though it works, in one line; nil where it sees everything.
  package var note: String?

  /// Nothing known.
  package init() {}

  /// How a source did.
  package init(name: String, duration: Double, success: Bool, age: Double, error: String? = nil) {
    self.name = name
    self.duration = duration
    self.success = success
    self.age = age
    self.error = error
  }

  static let table = Table<SourceReading>([
    .text("source", "Collector", source: "the agent", \.name),
    .gauge("duration_seconds", .seconds, "Read time", source: "the agent", \.duration),
    .flag("success", "Whether the last read succeeded", source: "the agent", \.success),
    .gauge("age_seconds", .seconds, "Age of its values", source: "the agent", \.age),
    .text("error", "Error of the last read", source: "the agent", \.error),
    .text("note", "Parts that the source cannot see", source: "the agent", \.note),
  ])
}

/// How sending samples to one receiver is going.
package struct PushReading: MetricGroup, Hashable {
  /// The receiver's URL, without what may be secret.
  package var target = ""
  /// Whether it takes what it is sent.
  package var isWorking = false
  /// Seconds by which it lies behind the newest sample.
  package var lag = Double.nan
  /// Samples that wait.
  package var pending = Double.nan
  /// Samples that it has taken.
  package var samples = Double.nan
  /// Values that it has taken.
  package var values = Double.nan
  /// Bytes of the requests with them.
  package var bytes = Double.nan
  /// Requests that failed and were made again.
  package var failed = Double.nan
  /// Samples that it would not take.
  package var dropped = Double.nan
  /// Samples that were kept no more when it could be reached.
  package var lost = Double.nan

  /// Nothing known.
  package init() {}

  /// A receiver without figures.
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

/// What the agent itself had used at one instant.
package struct AgentReading: Sendable, Hashable {
  /// Version of the program.
  package var version = ""
  /// Nanoseconds of CPU time used, user and system.
  package var cpuNanoseconds: UInt64?
  /// Bytes of memory resident.
  package var resident: UInt64?
  /// Each source's last reading.
  package var sources: [SourceReading] = []
  /// Each receiver of samples; empty where none is wanted.
  package var push: [PushReading] = []

  /// Nothing read yet.
  package init() {}
}

/// What the agent itself costs.
package struct AgentCost: MetricGroup, Hashable {
  /// Version of the program.
  package var version = ""
  /// CPUs' worth of time used; NaN for a lone Reading.
  package var cpu = Double.nan
  /// Bytes resident.
  package var resident = Double.nan
  /// Seconds of CPU time used since its start.
  package var cpuTotal = Double.nan
  /// Each source's last reading.
  package var sources: [SourceReading] = []
  /// Each receiver of samples; empty where none is wanted.
  package var push: [PushReading] = []

  /// Nothing known.
  package init() {}

  /// The agent's cost between two Readings.
  package init(from previous: AgentReading?, to current: AgentReading, over elapsed: Elapsed) {
    version = current.version
    let elapsed = elapsed.isSinceBoot ? Elapsed(seconds: .nan) : elapsed
    cpu = elapsed.rate(previous?.cpuNanoseconds, current.cpuNanoseconds, unit: 1e-9)
    cpuTotal = metric(current.cpuNanoseconds) * 1e-9
    resident = metric(current.resident)
    sources = current.sources
    push = current.push
  }

  /// The figures of the agent itself.
  package static let table = Table<AgentCost>([
    .text("version", "Version of the agent", source: "the agent", \.version),
    .gauge(
      "cpu_cores", .cores, "CPU use of the agent, in CPUs", source: "clock_gettime, process CPU time", \.cpu),
    .counter("cpu_seconds_total", .seconds, "CPU time used by the agent", source: "clock_gettime", \.cpuTotal),
    .gauge("rss_bytes", .bytes, "Resident memory of the agent", source: "/proc/self/statm", \.resident),
    .list("sources", keys: [Label("source") { $0.name }], SourceReading.table, \.sources),
    .list("push", keys: [Label("target") { $0.target }], PushReading.table, \.push, omitsEmpty: true),
  ])
}
