internal import AgentMetrics
internal import History

/// Something that happened between two samples, or a stretch without any.
struct TimelineEvent: Equatable {
  enum EventKind: Equatable {
    case reboot, agentRestart, outOfMemory, xid, gpuLost, throttling, gap
  }

  var kind: EventKind
  /// The moment of the sample that tells it.
  var time: Double
  /// One line.
  var text: String

  var isBad: Bool {
    switch kind {
    case .outOfMemory, .xid, .gpuLost, .reboot: true
    case .agentRestart, .throttling, .gap: false
    }
  }

  /// The letter that stands on the axis.
  var mark: Unicode.Scalar {
    switch kind {
    case .reboot: "B"
    case .agentRestart: "A"
    case .outOfMemory: "O"
    case .xid: "X"
    case .gpuLost: "L"
    case .throttling: "T"
    case .gap: "G"
    }
  }
}

/// Events found in a row of samples; each sample is looked at once.
struct EventLog {
  /// Metrics that events are derived from and that the archive keeps; texts are not among them.
  static let metrics = [
    "host.uptime_seconds", "agent.cpu_seconds_total", "ram.oom_kills_total", "cgroup.oom_kills_total",
    "cgroup.throttled", "gpus.index", "gpus.xid",
  ]

  /// Oldest first.
  private(set) var events: [TimelineEvent] = []
  private var first = Double.nan
  private var last: History.Entry?
  private let interval: Double
  /// The first sample of this process that was seen; nil where all are another's.
  ///
  /// What stands before it was taken over from an agent that goes on: that is no restart.
  var ownSince: Double?

  init(interval: Int) {
    self.interval = Double(max(1, interval))
  }

  /// Looks at the samples that are new, oldest first.
  mutating func update(_ entries: [History.Entry]) {
    guard let oldest = entries.first else { return }
    // A past that has come to be known since: everything anew.
    if !(oldest.sample.timestamp.seconds >= first) {
      // It is another's, and what was known before began with this process's first sample.
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
    // What has fallen out of the history.
    let start = oldest.sample.timestamp.seconds
    events.removeAll { $0.time < start }
  }

  private mutating func forget() {
    events = []
    last = nil
  }

  /// Whether this process's samples begin between two; the first of them may have been missed by a few.
  private func isTakenOver(_ old: Double, _ new: Double) -> Bool {
    guard let ownSince else { return false }
    return old < ownSince - 0.001 && new <= ownSince + 0.001 && new >= ownSince - 2 - 2 * interval
  }

  private mutating func compare(_ old: Sample, _ new: Sample) {
    let time = new.timestamp.seconds
    func add(_ kind: TimelineEvent.EventKind, _ text: String) {
      events.append(TimelineEvent(kind: kind, time: time, text: text))
    }
    // The boot's moment is told by subtraction, and shakes with the clock.
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
      guard let before = old.gpus.indices.contains(index) && old.gpus[index].index == gpu.index ? old.gpus[index] : nil
      else { continue }
      let name = "GPU " + String(gpu.index)
      if gpu.xid.isFinite, gpu.xid > 0, gpu.xid != before.xid {
        add(.xid, name + ": Xid " + String(TextFormat.whole(gpu.xid)))
      }
      if let action = gpu.recoveryAction, before.recoveryAction == nil {
        add(.xid, name + " needs recovery: " + action)
      }
      if gpu.state == .lost, before.state != .lost { add(.gpuLost, name + " does not respond") }
      if let reasons = gpu.throttleReasons, !reasons.isEmpty, before.throttleReasons?.isEmpty ?? true {
        add(.throttling, name + " throttled: " + GPU.throttleText(reasons))
      }
    }
    if let group = new.cgroup, group.throttled >= 0.1, !((old.cgroup?.throttled ?? 0) >= 0.1) {
      add(.throttling, "container throttled to " + TextFormat.fixed(group.cpuLimit, 1) + " CPUs")
    }
  }

  private func count(_ number: Double, _ noun: String) -> String {
    String(TextFormat.whole(number)) + " " + noun + (number < 1.5 ? "" : noun.hasSuffix("s") ? "es" : "s")
  }
}
