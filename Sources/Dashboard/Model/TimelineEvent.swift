internal import AgentMetrics
internal import SampleStore

/// An event between two samples, or a time without samples.
struct TimelineEvent: Equatable {
  enum EventKind: CaseIterable {
    case reboot, agentRestart, outOfMemory, throttling, gap, xid, ecc, recovery, gpuLost

    private var description: (mark: Unicode.Scalar, meaning: String, isBad: Bool) {
      switch self {
      case .reboot: ("B", "reboot", true)
      case .agentRestart: ("A", "agent restarted", false)
      case .outOfMemory: ("O", "out of memory", true)
      case .throttling: ("T", "throttled", false)
      case .gap: ("G", "gap", false)
      case .xid: ("X", "Xid", true)
      case .ecc: ("E", "ECC error", true)
      case .recovery: ("R", "GPU needs recovery", true)
      case .gpuLost: ("L", "GPU lost", true)
      }
    }

    /// The letter on the axis.
    var mark: Unicode.Scalar { description.mark }
    var isBad: Bool { description.isBad }
    /// Letter and meaning, for the help.
    var legend: String { String(mark) + " " + description.meaning }
  }

  var kind: EventKind
  /// Time of the sample that shows it.
  var time: Double
  /// Description in one line.
  var text: String
}

/// Detects events in a sequence of samples; each sample is examined once.
struct EventLog {
  /// Metrics that events are derived from and that the archive keeps; texts are not among them.
  static let metrics = [
    "host.uptime_seconds", "agent.cpu_seconds_total", "ram.oom_kills_total", "cgroup.oom_kills_total",
    "cgroup.throttled", "gpus.index", "gpus.xid", "gpus.ecc_uncorrected_total",
  ]

  /// Events, oldest first.
  private(set) var events: [TimelineEvent] = []
  private var first = Double.nan
  private var last: History.Entry?
  private let interval: Double
  /// Time of the first sample taken by this process; nil where all are another agent's.
  ///
  /// Earlier samples come from an agent that keeps running, so the transition is not a restart.
  var ownSince: Double?

  init(interval: Int) {
    self.interval = Double(max(1, interval))
  }

  /// Examines the new samples, oldest first.
  mutating func update(_ entries: [History.Entry]) {
    guard let oldest = entries.first else { return }
    // Older samples have been added: start over.
    if !(oldest.sample.timestamp.seconds >= first) {
      // They are another agent's, and the known samples began with this process's first one.
      if let known = ownSince, first.isFinite { ownSince = min(known, first) }
      forget()
    }
    first = oldest.sample.timestamp.seconds
    let seen = last?.sample.timestamp.seconds ?? -.infinity
    var index = entries.count
    while index > 0, entries[index - 1].sample.timestamp.seconds > seen { index -= 1 }
    for entry in entries[index...] {
      if let last { compare(last.sample, entry.sample) }
      last = entry
    }
    // Removes events that are older than the history.
    let start = oldest.sample.timestamp.seconds
    events.removeAll { $0.time < start }
  }

  private mutating func forget() {
    events = []
    last = nil
  }

  /// Whether this process's samples begin between two times; the first few of them may be missing.
  private func isTakenOver(_ old: Double, _ new: Double) -> Bool {
    guard let ownSince else { return false }
    return old < ownSince - 0.001 && new <= ownSince + 0.001 && new >= ownSince - 2 - 2 * interval
  }

  private mutating func compare(_ old: Sample, _ new: Sample) {
    let time = new.timestamp.seconds
    func add(_ kind: TimelineEvent.EventKind, _ text: String) {
      events.append(TimelineEvent(kind: kind, time: time, text: text))
    }
    // The boot time is computed by subtraction, and varies with the clock.
    let hasRebooted =
      new.host.uptime.isFinite && old.host.uptime.isFinite && !new.host.isDemo
      ? new.host.uptime + 1 < old.host.uptime
      : abs(new.host.bootTime - old.host.bootTime) > 30 && !new.host.isDemo
    if hasRebooted {
      add(.reboot, "rebooted")
    } else if new.agent.cpuTotal + 0.001 < old.agent.cpuTotal || new.agent.version != old.agent.version,
      !isTakenOver(old.timestamp.seconds, time)
    {
      add(.agentRestart, "agent restarted" + (new.agent.version.isEmpty ? "" : ": " + new.agent.version))
    } else {
      let elapsed = new.elapsed.isFinite ? new.elapsed : 0
      let missing = time - old.timestamp.seconds - max(elapsed, 0)
      if missing > 3 * interval, missing > 3 { add(.gap, "no samples for " + TextFormat.duration(missing)) }
    }
    let kills = new.ram.oomKills - old.ram.oomKills
    if kills >= 1, !hasRebooted {
      add(.outOfMemory, "out of memory: " + count(kills, "process") + " killed")
    } else if case let kills = (new.cgroup?.oomKills ?? .nan) - (old.cgroup?.oomKills ?? .nan), kills >= 1 {
      add(.outOfMemory, "container out of memory: " + count(kills, "process") + " killed")
    }
    for (index, gpu) in new.gpus.enumerated() {
      guard old.gpus.indices.contains(index), old.gpus[index].index == gpu.index else { continue }
      for (kind, text) in changes(from: old.gpus[index], to: gpu) { add(kind, "GPU " + String(gpu.index) + text) }
    }
    if let group = new.cgroup, group.throttled >= 0.1, !((old.cgroup?.throttled ?? 0) >= 0.1) {
      add(.throttling, "container throttled to " + TextFormat.fixed(group.cpuLimit, 1) + " CPUs")
    }
  }

  private func changes(from old: GPU, to new: GPU) -> [(TimelineEvent.EventKind, String)] {
    var events: [(TimelineEvent.EventKind, String)] = []
    if new.xid.isFinite, new.xid > 0, new.xid != old.xid {
      events.append((.xid, ": Xid " + String(TextFormat.whole(new.xid))))
    }
    let errors = new.eccUncorrected - old.eccUncorrected
    if errors >= 1 { events.append((.ecc, ": " + count(errors, "uncorrected memory error"))) }
    if let action = new.recoveryAction, action != old.recoveryAction {
      events.append((.recovery, " needs recovery: " + action))
    }
    if new.state == .lost, old.state != .lost { events.append((.gpuLost, " does not respond")) }
    if let reasons = new.throttleReasons, !reasons.isEmpty, old.throttleReasons?.isEmpty ?? true {
      events.append((.throttling, " throttled: " + GPU.throttleText(reasons)))
    }
    return events
  }

  private func count(_ number: Double, _ noun: String) -> String {
    String(TextFormat.whole(number)) + " " + noun + (number < 1.5 ? "" : noun.hasSuffix("s") ? "es" : "s")
  }
}
