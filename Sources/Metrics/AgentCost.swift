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
    .gauge("duration_seconds", .seconds, "Time that reading took", source: "the agent", \.duration),
    .flag("success", "Whether reading worked", source: "the agent", \.success),
    .gauge("age_seconds", .seconds, "Age of its figures", source: "the agent", \.age),
    .text("error", "What went wrong", source: "the agent", \.error),
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
  }

  /// The figures of the agent itself.
  public static let table = Table<AgentCost>([
    .text("version", "Version of the agent", source: "the agent", \.version),
    .gauge(
      "cpu_cores", .cores, "CPUs' worth of time that the agent uses", source: "clock_gettime, process CPU time", \.cpu),
    .counter("cpu_seconds_total", .seconds, "CPU time that the agent has used", source: "clock_gettime", \.cpuTotal),
    .gauge("rss_bytes", .bytes, "Memory of the agent that is resident", source: "/proc/self/statm", \.resident),
    .list("sources", keys: [Key("source") { $0.name }], SourceReading.table, \.sources),
  ])
}
