package import AgentMetrics

/// Grouping of the waste.
package enum WasteGrouping: String, Sendable, CaseIterable {
  case workload, user
}

/// Resources that one workload or user held without use in a window of time; NaN where absent.
package struct Waste: MetricGroup, Hashable {
  /// A workload's id, or a user.
  package var id = ""
  package var name = ""
  package var user: String?
  /// Indexes of the GPUs that it held, separated by commas.
  package var gpus: String?
  package var gpuHeld = Double.nan
  package var gpuIdle = Double.nan
  package var idleMemory = Double.nan
  package var energy = Double.nan
  package var idleEnergy = Double.nan
  package var throttled = Double.nan
  package var throttledShare = Double.nan

  package init() {}

  package var idleShare: Double { gpuHeld > 0 ? gpuIdle / gpuHeld : .nan }

  package static let table = Table<Waste>([
    .text("id", "A workload's id, or a user", source: "samples", \.id),
    .text("name", "Name", source: "samples", \.name),
    .text("user", "User of a workload", source: "samples", \.user),
    .text("gpus", "Indices of the GPUs that it held", source: "samples", \.gpus),
    .gauge(
      "gpu_held_seconds", .seconds, "Time in which its processes held a GPU, summed over GPUs",
      source: "Σ time with processes on a GPU", \.gpuHeld),
    .gauge(
      "gpu_idle_seconds", .seconds, "Part of that time with use below the limit of the rule",
      source: "Σ time with use below the limit", \.gpuIdle),
    .gauge("gpu_idle_share", .ratio, "Share of that time", source: "idle ÷ held", \.idleShare),
    .gauge(
      "gpu_idle_memory_bytes", .bytes, "Mean memory of GPUs held while idle", source: "Σ memory × time ÷ idle time",
      \.idleMemory),
    .gauge(
      "gpu_joules", .joules, "Energy of GPUs, by the estimated share of their power", source: "Σ power × time", \.energy
    ),
    .gauge("gpu_idle_joules", .joules, "Part of that energy while idle", source: "Σ power × idle time", \.idleEnergy),
    .gauge(
      "throttled_seconds", .seconds, "Time throttled at a CPU limit, summed over CPUs", source: "growth of the counter",
      \.throttled),
    .gauge(
      "throttled_share", .ratio, "Mean share of periods throttled", source: "Σ share × time ÷ time", \.throttledShare),
  ])
}

/// Resources held without use in a window of time, the largest waste first.
package struct WasteReport: MetricGroup, Hashable {
  /// Use of a GPU below which it counts as idle.
  package static let idleUse = 0.05
  /// The rule in words.
  package static let rule =
    "A GPU is idle for its holder while the holder's processes use less than 5 % of its time; where the driver reports"
    + " no use by process, while the whole GPU is used less than 5 %."

  package var grouping = WasteGrouping.workload
  /// POSIX times of the window that the samples cover.
  package var from = Double.nan
  package var to = Double.nan
  package var samples = 0
  /// Seconds that the samples cover.
  package var covered = 0.0
  /// GPU time of the machine, used or not.
  package var gpuTime = Double.nan
  package var gpuIdle = Double.nan
  package var energy = Double.nan
  package var idleEnergy = Double.nan
  package var entries: [Waste] = []
  /// Entries beyond the limit; NaN for none.
  package var moreEntries = Double.nan

  package init() {}

  package var ruleText: String { Self.rule }

  package static let table = Table<WasteReport>([
    .word("by", "Grouping", source: "the request", \.grouping),
    .timestamp("from", "Begin of the window that the samples cover", source: "samples", \.from),
    .timestamp("to", "End of the window that the samples cover", source: "samples", \.to),
    .gauge("samples", .count, "Samples in the window", source: "samples", \.samples),
    .gauge(
      "covered_seconds", .seconds, "Seconds that the samples cover; gaps are left out", source: "samples", \.covered),
    .text("rule", "The rule by which a held GPU is idle", source: "the agent", \.ruleText),
    .gauge("gpu_seconds", .seconds, "Time of all GPUs", source: "GPUs × time", \.gpuTime),
    .gauge(
      "gpu_idle_seconds", .seconds, "Part of it in which a GPU was used less than 5 %, held or not", source: "samples",
      \.gpuIdle),
    .gauge("gpu_joules", .joules, "Energy of all GPUs", source: "Σ power × time", \.energy),
    .gauge(
      "gpu_idle_joules", .joules, "Part of it while a GPU was used less than 5 %", source: "samples", \.idleEnergy),
    .list("entries", keys: [Label("id") { $0.id }], isSeries: false, Waste.table, \.entries),
    .gauge("entries_left_out", .count, "Entries beyond the limit", source: "samples", \.moreEntries),
  ])
}
