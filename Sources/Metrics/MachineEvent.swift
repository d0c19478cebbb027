/// Weight of an event.
package enum EventSeverity: String, Sendable, CaseIterable, Comparable {
  /// No action needed: the end of a condition, or a change by an operator.
  case info
  /// Needs attention.
  case warning
  /// Work or data is lost, or hardware fails.
  case critical

  package static func < (left: EventSeverity, right: EventSeverity) -> Bool {
    allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
  }
}

/// Kind of an event.
package enum EventKind: String, Sendable, CaseIterable {
  case reboot
  case agentRestart = "agent_restart"
  case gap
  case clockStep = "clock_step"
  case outOfMemory = "oom_kill"
  case xid = "gpu_xid"
  case ecc = "gpu_ecc"
  case recovery = "gpu_recovery"
  case gpuLost = "gpu_lost"
  case gpuBack = "gpu_back"
  case throttleBegin = "throttle_begin"
  case throttleEnd = "throttle_end"
  case filesystemFull = "filesystem_full"
  case filesystemNotFull = "filesystem_not_full"
  case filesystemHung = "filesystem_hung"
  case filesystemBack = "filesystem_back"
  case filesystemReadOnly = "filesystem_read_only"
  case filesystemWritable = "filesystem_writable"
  case diskErrors = "disk_errors"
  case linkDown = "link_down"
  case linkUp = "link_up"
  case workloadEnded = "workload_ended"
  case workloadRestart = "workload_restart"
  case workloadLoop = "workload_restart_loop"
  case alertFiring = "alert_firing"
  case alertResolved = "alert_resolved"
  /// A kind of a later version of the agent.
  case other

  /// The kinds that this version detects.
  package static let detected = allCases.filter { $0 != .other }

  /// Properties of a kind.
  package struct Description: Sendable {
    package let title: String
    package let severity: EventSeverity
    /// Ids of the metrics that show it.
    package let metrics: [String]
  }

  package var title: String { description.title }
  /// Severity of most events of the kind.
  package var severity: EventSeverity { description.severity }
  package var metrics: [String] { description.metrics }

  /// Kind of the event at the end of the condition; nil for kinds without a duration.
  package var end: EventKind? {
    switch self {
    case .gpuLost: .gpuBack
    case .throttleBegin: .throttleEnd
    case .filesystemFull: .filesystemNotFull
    case .filesystemHung: .filesystemBack
    case .filesystemReadOnly: .filesystemWritable
    case .linkDown: .linkUp
    case .alertFiring: .alertResolved
    default: nil
    }
  }

  /// The table of kinds.
  package var description: Description {
    switch self {
    case .reboot: Description("reboot", .warning, "host.uptime_seconds", "host.boot_time_seconds")
    case .agentRestart: Description("agent restart", .info, "agent.cpu_seconds_total")
    case .gap: Description("gap in the samples", .info, "host.uptime_seconds")
    case .clockStep: Description("clock step", .warning, "host.uptime_seconds")
    case .outOfMemory: Description("OOM kill", .critical, "ram.oom_kills_total", "cgroup.oom_kills_total")
    case .xid: Description("Xid", .critical, "gpus.xid")
    case .ecc: Description("uncorrected ECC error", .critical, "gpus.ecc_uncorrected_total")
    case .recovery: Description("GPU needs recovery", .critical, "gpus.recovery_action")
    case .gpuLost: Description("GPU lost", .critical, "gpus.lost")
    case .gpuBack: Description("GPU back", .info, "gpus.lost")
    case .throttleBegin: Description("throttling begins", .warning, "gpus.throttle_reasons", "cgroup.throttled")
    case .throttleEnd: Description("throttling ends", .info, "gpus.throttle_reasons", "cgroup.throttled")
    case .filesystemFull:
      Description("filesystem nearly full", .warning, "filesystems.usage", "filesystems.inodes_usage")
    case .filesystemNotFull:
      Description("filesystem has room again", .info, "filesystems.usage", "filesystems.inodes_usage")
    case .filesystemHung: Description("filesystem hangs", .critical, "filesystems.age_seconds")
    case .filesystemBack: Description("filesystem answers again", .info, "filesystems.age_seconds")
    case .filesystemReadOnly: Description("filesystem read-only", .critical, "filesystems.read_only")
    case .filesystemWritable: Description("filesystem writable again", .info, "filesystems.read_only")
    case .diskErrors:
      Description(
        "disk errors", .critical, "disks.errors_total", "disks.timeouts_total", "disks.pcie_errors_total",
        "disks.member_errors_total", "disks.members_missing", "disks.mismatched_sectors", "filesystems.errors_total")
    case .linkDown: Description("link down", .warning, "networks.state")
    case .linkUp: Description("link up", .info, "networks.state")
    case .workloadEnded: Description("workload ended", .info, "workloads.total")
    case .workloadRestart: Description("workload restarted", .info, "workloads.total")
    case .workloadLoop: Description("workload restarts in a loop", .warning, "workloads.total")
    case .alertFiring: Description("alert fires", .warning, "alerts.state")
    case .alertResolved: Description("alert resolved", .info, "alerts.state")
    case .other: Description("other event", .info)
    }
  }
}

extension EventKind.Description {
  fileprivate init(_ title: String, _ severity: EventSeverity, _ metrics: String...) {
    (self.title, self.severity, self.metrics) = (title, severity, metrics)
  }
}

/// A change of the machine's state between two samples.
package struct MachineEvent: MetricGroup, Hashable {
  package var kind = EventKind.other
  package var severity = EventSeverity.info
  /// POSIX time of the sample that shows it.
  package var time = Double.nan
  /// Affected object: mount point, interface, disk, "GPU 0", name of an alert, id of a workload; empty for the machine.
  package var subject = ""
  /// Description in one line.
  package var text = ""
  /// Number of occurrences: killed processes, errors, repetitions within a minute.
  package var count = 1
  /// Id of the affected workload.
  package var workload: String?
  /// Seconds of the condition that ended; NaN where unknown, or where the kind has no duration.
  package var duration = Double.nan

  package init() {}

  package init(_ kind: EventKind, at time: Double, subject: String = "", _ text: String) {
    self.kind = kind
    self.time = time
    severity = kind.severity
    self.subject = String(subject.prefix(Self.maxSubject))
    self.text = String(text.prefix(Self.maxText))
  }

  /// Maximum lengths in characters: names come from the machine.
  package static let maxSubject = 256
  package static let maxText = 400

  /// Whether two events are one that was received twice.
  package func isSame(as other: MachineEvent) -> Bool {
    kind == other.kind && abs(time - other.time) < 0.5 && subject == other.subject
  }

  package static let table = Table<MachineEvent>([
    .timestamp("time", "Time of the sample that shows it", source: "the agent", \.time),
    .word("kind", "Kind of event", source: "the agent", \.kind),
    .word("severity", "info, warning or critical", source: "the agent", \.severity),
    .text("subject", "Affected object; empty for the machine", source: "the agent", \.subject),
    .text("text", "Description in one line", source: "the agent", \.text),
    .gauge("count", .count, "Occurrences: killed processes, errors, repetitions", source: "the agent", \.count),
    .text("workload", "Id of the affected workload", source: "the agent", \.workload),
    .gauge("duration_seconds", .seconds, "Duration of the condition that ended", source: "the agent", \.duration).whole,
  ])
}

/// Number of events of one kind.
package struct EventCount: MetricGroup, Hashable {
  package var kind = EventKind.other
  package var total = 0

  package init() {}

  package init(_ kind: EventKind, total: Int) {
    (self.kind, self.total) = (kind, total)
  }

  static let table = Table<EventCount>([
    .word("kind", "Kind of event", source: "the agent", \.kind),
    .counter("events_total", .count, "Events since the agent's start", source: "the agent", \.total),
  ])
}

/// Events of one interval, with their numbers since the agent's start.
package struct MachineEvents: MetricGroup, Hashable {
  /// Of every kind, so that a series begins at 0.
  package var counts: [EventCount] = []
  /// Events between the previous sample and this one, oldest first.
  package var new: [MachineEvent] = []

  package init() {}

  package static let table = Table<MachineEvents>([
    .list(
      "counts", keys: [Label("kind") { $0.kind.rawValue }], isSeries: false, isExported: true, EventCount.table,
      \.counts),
    .list(
      "new", keys: [Label("kind") { $0.kind.rawValue }, Label("subject") { $0.subject }], isSeries: false,
      MachineEvent.table, \.new),
  ])
}
