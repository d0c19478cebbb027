package import AgentMetrics

/// Measure of a ranking.
package enum CulpritMeasure: String, Sendable, CaseIterable {
  case cpu, memory, io, gpu, energy
}

/// Grouping of a ranking.
package enum CulpritGrouping: String, Sendable, CaseIterable {
  case process, user, workload
}

/// Use of the machine by one process, user or workload in a window of time; NaN where absent.
package struct Culprit: MetricGroup, Hashable {
  /// Unique within the ranking: a workload's id, a user's name, or a process's id and start.
  package var id = ""
  package var name = ""
  package var kind: String?
  package var user: String?
  package var workload: String?
  package var command: String?
  package var pid = Double.nan
  /// Indexes of the GPUs that it used, separated by commas.
  package var gpus: String?
  /// Share of ``CulpritRanking/whole``.
  package var share = Double.nan
  package var cpu = Double.nan
  /// The parts of `cpu`, `read` and `written` while the agent did not run.
  package var missedCPU = Double.nan
  var missedRead = Double.nan
  var missedWritten = Double.nan
  package var endedCPU = Double.nan
  package var gpu = Double.nan
  package var read = Double.nan
  package var written = Double.nan
  package var memoryMean = Double.nan
  package var memoryPeak = Double.nan
  package var energy = Double.nan
  package var oomKills = Double.nan
  /// POSIX times of the first and last sample that has it.
  package var first = Double.nan
  package var last = Double.nan

  package init() {}

  /// Its use by a measure; NaN where absent.
  package func use(of measure: CulpritMeasure) -> Double {
    switch measure {
    case .cpu: cpu
    case .memory: memoryMean
    case .io: read.isNaN ? written : written.isNaN ? read : read + written
    case .gpu: gpu
    case .energy: energy
    }
  }

  /// The part of a measure that is of a time in which the agent did not run.
  func missed(of measure: CulpritMeasure) -> Double {
    let parts =
      switch measure {
      case .cpu: [missedCPU]
      case .io: [missedRead, missedWritten]
      case .memory, .gpu, .energy: [Double]()
      }
    return parts.reduce(0) { $0 + ($1.isFinite ? $1 : 0) }
  }

  package static let table = Table<Culprit>([
    .text("id", "A workload's id, a user, or a process's pid and start", source: "samples", \.id),
    .text("name", "Name", source: "samples", \.name),
    .text("kind", "Kind of a workload", source: "samples", \.kind),
    .text("user", "User", source: "samples", \.user),
    .text("workload", "Workload of a process", source: "samples", \.workload),
    .text("command", "Command line of a process", source: "samples", \.command),
    .gauge("pid", .count, "Process id", source: "samples", \.pid),
    .text("gpus", "Indices of the GPUs that it used", source: "samples", \.gpus),
    .gauge(
      "share", .ratio, "Share of the machine's use, or of all that is attributed where that is more",
      source: "use ÷ max(total, attributed)", \.share),
    .gauge("cpu_seconds", .seconds, "CPU time", source: "growth of the counter, else Σ rate × time", \.cpu),
    .gauge(
      "missed_cpu_seconds", .seconds, "Part of the CPU time that is of a time in which the agent did not run",
      source: "growth of the counter between samples", \.missedCPU),
    .gauge(
      "ended_cpu_seconds", .seconds, "CPU time of its processes that ended between two samples",
      source: "Σ ended_cpu × time", \.endedCPU),
    .gauge("gpu_seconds", .seconds, "GPU time", source: "Σ GPU use × time", \.gpu),
    .gauge("read_bytes", .bytes, "Bytes read", source: "growth of the counter, else Σ rate × time", \.read),
    .gauge("written_bytes", .bytes, "Bytes written", source: "growth of the counter, else Σ rate × time", \.written),
    .gauge(
      "memory_mean_bytes", .bytes, "Mean memory over the window", source: "Σ memory × time ÷ window", \.memoryMean),
    .gauge(
      "memory_peak_bytes", .bytes, "Highest memory of a sample; of a workload also between samples",
      source: "samples; memory_peak_bytes where it grew", \.memoryPeak),
    .gauge(
      "energy_joules", .joules, "Energy of GPUs, by the estimated share of their power", source: "Σ power × time",
      \.energy),
    .gauge("oom_kills", .count, "OOM kills", source: "growth of the counter", \.oomKills),
    .timestamp("first", "Time of the first sample that has it", source: "samples", \.first),
    .timestamp("last", "Time of the last sample that has it", source: "samples", \.last),
  ])
}

/// Use of the machine by processes, users or workloads in a window of time, largest first.
package struct CulpritRanking: MetricGroup, Hashable {
  package var grouping = CulpritGrouping.workload
  package var measure = CulpritMeasure.cpu
  /// POSIX times of the window that the samples cover.
  package var from = Double.nan
  package var to = Double.nan
  package var samples = 0
  /// Seconds that the samples' rates cover.
  package var covered = 0.0
  /// The machine's use of the measure; NaN where unknown.
  package var total = Double.nan
  /// The part of it that is some process's, user's or workload's.
  package var attributed = Double.nan
  package var culprits: [Culprit] = []
  /// Entries beyond the limit; NaN for none.
  package var moreCulprits = Double.nan
  /// Events of the window, oldest first; only in reports.
  package var events: [MachineEvent] = []
  /// Older events beyond the limit; NaN for none.
  package var moreEvents = Double.nan

  package init() {}

  /// Unit of ``total`` and ``attributed``.
  package var unit: String {
    switch measure {
    case .cpu, .gpu: "seconds"
    case .memory, .io: "bytes"
    case .energy: "joules"
    }
  }

  package var unattributedShare: Double {
    total > 0 && attributed.isFinite ? max(0, 1 - attributed / total) : .nan
  }

  /// What shares are of: the machine's use, or all that is attributed where that is more; NaN without the machine's.
  var whole: Double { total.isFinite ? (attributed > total ? attributed : total) : .nan }

  /// Why more is attributed than the machine used, beyond what readings one after the other explain.
  package var remark: String? {
    guard attributed > total * 1.01 else { return nil }
    return switch measure {
    case .io: "writes count when they are made; the disks write them up to half a minute later"
    case .memory: "memory that several share counts for each of them"
    case .cpu, .gpu, .energy: nil
    }
  }

  package static let table = Table<CulpritRanking>([
    .word("by", "Grouping of the ranking", source: "the request", \.grouping),
    .word("of", "The measure", source: "the request", \.measure),
    .timestamp("from", "Begin of the window that the samples cover", source: "samples", \.from),
    .timestamp("to", "End of the window that the samples cover", source: "samples", \.to),
    .gauge("samples", .count, "Samples in the window", source: "samples", \.samples),
    .gauge(
      "covered_seconds", .seconds, "Seconds that the samples cover; gaps are left out", source: "samples", \.covered),
    .text("unit", "Unit of total and attributed", source: "the measure", \.unit),
    .gauge(
      "total", .seconds,
      "The machine's use, or its mean for memory: CPU time, memory that is not free, bytes that its disks read and wrote,"
        + " time and energy of its GPUs; while the agent did not run, the growth of the entries' counters",
      source: "samples", \.total),
    .gauge(
      "attributed", .seconds,
      "Use of all entries, unlisted ones included; may be more than total, as writes count when they are made,"
        + " and disks write them later", source: "samples", \.attributed),
    .gauge(
      "unattributed_share", .ratio, "Share that no entry has", source: "1 − attributed ÷ total", \.unattributedShare),
    .text("remark", "Why more is attributed than total, where it is", source: "the measure", \.remark),
    .list("events", keys: [], isSeries: false, MachineEvent.table, \.events, omitsEmpty: true),
    .gauge("events_left_out", .count, "Older events beyond the limit", source: "the archive", \.moreEvents),
    .list("culprits", keys: [Label("id") { $0.id }], isSeries: false, Culprit.table, \.culprits),
    .gauge("culprits_left_out", .count, "Entries beyond the limit", source: "samples", \.moreCulprits),
  ])
}
