package import AgentMetrics

/// Kind of a subject that changed between two times.
package enum ChangeKind: String, Sendable, CaseIterable {
  case machine, process, workload, gpu, disk, filesystem
}

/// How a subject changed between two times.
package enum ChangeState: String, Sendable, CaseIterable {
  case changed
  /// Listed only around the second time.
  case appeared
  /// A process that was started in between.
  case started
  /// Listed only around the first time.
  case vanished
}

/// A measure of a change.
package enum ChangeMeasure: String, Sendable, CaseIterable {
  case cpu, memory, swap, read, written, gpu, vram, use, power, temperature, busy, latency, used, throttled
  case cpuPressure = "cpu_pressure"
  case memoryPressure = "memory_pressure"
  case ioPressure = "io_pressure"

  package var unit: Unit {
    switch self {
    case .cpu: .cores
    case .memory, .swap, .vram: .bytes
    case .read, .written: .bytesPerSecond
    case .gpu: .count
    case .power: .watts
    case .temperature: .celsius
    case .latency: .seconds
    case .use, .busy, .used, .throttled, .cpuPressure, .memoryPressure, .ioPressure: .ratio
    }
  }
}

/// Change of one measure of one subject between two times; NaN where absent.
package struct Change: MetricGroup, Hashable {
  package var kind = ChangeKind.machine
  package var id = ""
  package var name = ""
  package var user: String?
  package var workload: String?
  /// The process's id, if there is one of the name, user and workload.
  package var pid = Double.nan
  /// Processes of the name, user and workload around the second time.
  package var count = Double.nan
  package var measure = ChangeMeasure.cpu
  package var state = ChangeState.changed
  package var before = Double.nan
  package var after = Double.nan
  /// The difference as a share of the machine's capacity.
  package var share = Double.nan

  package init() {}

  package var difference: Double { (after.isFinite ? after : 0) - (before.isFinite ? before : 0) }
  package var unit: String { measure.unit.rawValue }

  package static let table = Table<Change>([
    .word("kind", "Kind of the subject", source: "samples", \.kind),
    .text("id", "Unique among its kind", source: "samples", \.id),
    .text("name", "Name; processes of one name, user and workload are one", source: "samples", \.name),
    .text("user", "User", source: "samples", \.user),
    .text("workload", "Workload of a process", source: "samples", \.workload),
    .gauge("pid", .count, "Process id, where the name has one process", source: "samples", \.pid),
    .gauge("count", .count, "Processes of the name that are listed", source: "samples", \.count),
    .word("measure", "The measure", source: "samples", \.measure),
    .text("unit", "Unit of before, after and difference", source: "the measure", \.unit),
    .word(
      "state", "changed; appeared or vanished: listed around one time only; started: a process that began in between",
      source: "samples", \.state),
    .gauge("before", .ratio, "Mean around the first time", source: "samples", \.before),
    .gauge("after", .ratio, "Mean around the second time", source: "samples", \.after),
    .gauge("difference", .ratio, "after − before; absent counts as 0", source: "samples", \.difference),
    .gauge(
      "share", .ratio, "The difference as a share of the machine's capacity, by which the list is ordered",
      source: "difference ÷ capacity", \.share),
  ])
}

/// Changes between two times, the largest first.
package struct Comparison: MetricGroup, Hashable {
  /// Seconds of the window around each time.
  package static let defaultWindow = 60.0
  /// Share of the machine's capacity below which a difference is left out.
  package static let minShare = 0.005

  /// POSIX times that are compared.
  package var first = Double.nan
  package var second = Double.nan
  /// Seconds around each time.
  package var window = Double.nan
  package var firstSamples = 0
  package var secondSamples = 0
  package var changes: [Change] = []

  package init() {}

  package static let table = Table<Comparison>([
    .timestamp("a", "The first time", source: "the request", \.first),
    .timestamp("b", "The second time", source: "the request", \.second),
    .gauge("window_seconds", .seconds, "Window around each time", source: "the request", \.window),
    .gauge("a_samples", .count, "Samples around the first time", source: "samples", \.firstSamples),
    .gauge("b_samples", .count, "Samples around the second time", source: "samples", \.secondSamples),
    .list(
      "changes",
      keys: [Label("kind") { $0.kind.rawValue }, Label("id") { $0.id }, Label("measure") { $0.measure.rawValue }],
      isSeries: false, Change.table, \.changes),
  ])

  /// Selects changes of a kind; nil for all.
  package func limited(to kind: ChangeKind?, count: Int) -> Comparison {
    var comparison = self
    comparison.changes = Array(changes.lazy.filter { kind == nil || $0.kind == kind }.prefix(count))
    return comparison
  }
}
