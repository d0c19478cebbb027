/// How one source of figures did on the last tick.
public struct SourceReading: Domain, Hashable {
  /// The collector's name, "cpu".
  public var name = ""
  /// Seconds that reading took.
  public var duration = Double.nan
  /// Whether it worked; a source that the machine does not have works too, and tells nothing.
  public var success = false
  /// Seconds since the figures it gave were read; 0 when fresh, NaN when it never gave any.
  public var age = Double.nan
  /// What went wrong, in one line; nil when nothing did.
  public var error: String?
  /// What the source cannot see though it works, in one line; nil where it sees everything.
  package var note: String?

  /// Nothing known.
  public init() {}

  /// How a source did.
  public init(name: String, duration: Double, success: Bool, age: Double, error: String? = nil) {
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
public struct PushReading: Domain, Hashable {
  /// The receiver's URL, without what may be secret.
  public var target = ""
  /// Whether it takes what it is sent.
  public var isWorking = false
  /// Seconds by which it lies behind the newest sample.
  public var lag = Double.nan
  /// Samples that wait.
  public var pending = Double.nan
  /// Samples that it has taken.
  public var samples = Double.nan
  /// Values that it has taken.
  public var values = Double.nan
  /// Bytes of the requests with them.
  public var bytes = Double.nan
  /// Requests that failed and were made again.
  public var failed = Double.nan
  /// Samples that it would not take.
  public var dropped = Double.nan
  /// Samples that were kept no more when it could be reached.
  public var lost = Double.nan

  /// Nothing known.
  public init() {}

  /// A receiver without figures.
  public init(target: String) {
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
public struct AgentReading: Sendable, Hashable {
  /// Version of the program.
  public var version = ""
  /// Nanoseconds of CPU time used, user and system.
  public var cpuNanoseconds: UInt64?
  /// Bytes of memory resident.
  public var resident: UInt64?
  /// Each source's last reading.
  public var sources: [SourceReading] = []
  /// Each receiver of samples; empty where none is wanted.
  public var push: [PushReading] = []

  /// Nothing read yet.
  public init() {}
}

/// What the agent itself costs.
public struct AgentCost: Domain, Hashable {
  /// Version of the program.
  public var version = ""
  /// CPUs' worth of time used; NaN for a lone Reading.
  public var cpu = Double.nan
  /// Bytes resident.
  public var resident = Double.nan
  /// Seconds of CPU time used since its start.
  public var cpuTotal = Double.nan
  /// Each source's last reading.
  public var sources: [SourceReading] = []
  /// Each receiver of samples; empty where none is wanted.
  public var push: [PushReading] = []

  /// Nothing known.
  public init() {}

  /// The agent's cost between two Readings.
  public init(from previous: AgentReading?, to current: AgentReading, over elapsed: Elapsed) {
    version = current.version
    let elapsed = elapsed.isSinceBoot ? Elapsed(seconds: .nan) : elapsed
    cpu = elapsed.rate(previous?.cpuNanoseconds, current.cpuNanoseconds, unit: 1e-9)
    cpuTotal = figure(current.cpuNanoseconds) * 1e-9
    resident = figure(current.resident)
    sources = current.sources
    push = current.push
  }

  /// The figures of the agent itself.
  public static let table = Table<AgentCost>([
    .text("version", "Version of the agent", source: "the agent", \.version),
    .gauge(
      "cpu_cores", .cores, "CPU use of the agent, in CPUs", source: "clock_gettime, process CPU time", \.cpu),
    .counter("cpu_seconds_total", .seconds, "CPU time used by the agent", source: "clock_gettime", \.cpuTotal),
    .gauge("rss_bytes", .bytes, "Resident memory of the agent", source: "/proc/self/statm", \.resident),
    .list("sources", keys: [Key("source") { $0.name }], SourceReading.table, \.sources),
    .list("push", keys: [Key("target") { $0.target }], PushReading.table, \.push, omitsEmpty: true),
  ])
}
