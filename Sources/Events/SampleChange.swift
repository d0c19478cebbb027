internal import AgentMetrics

/// Two consecutive samples, and the events that their difference shows.
struct SampleChange {
  let old: Sample
  let new: Sample
  let hasRebooted: Bool
  let hasNewAgent: Bool
  private let interval: Double
  /// Whether the samples' clocks cannot be compared.
  private let isMeans: Bool
  /// Whether the new sample is the first one of this process.
  private let isResumed: Bool

  var time: Double { new.timestamp.seconds }

  init(_ old: Sample, _ new: Sample, interval: Double, isResumed: Bool, isMeans: Bool) {
    (self.old, self.new, self.interval, self.isMeans, self.isResumed) = (old, new, interval, isMeans, isResumed)
    let isDemo = old.host.isDemo || new.host.isDemo
    hasNewAgent =
      isResumed || new.agent.cpuTotal + 0.001 < old.agent.cpuTotal || new.agent.version != old.agent.version
    hasRebooted = !isDemo && Self.hasRebooted(old, new, isSameAgent: !hasNewAgent && new.agent.cpuTotal.isFinite)
  }

  private static func hasRebooted(_ old: Sample, _ new: Sample, isSameAgent: Bool) -> Bool {
    guard old.host.uptime.isFinite, new.host.uptime.isFinite else {
      // The boot time is computed by subtraction, and varies with the clock.
      return !isSameAgent && abs(new.host.bootTime - old.host.bootTime) > 30
    }
    if new.host.uptime + 1 < old.host.uptime { return true }
    if isSameAgent { return false }
    // Up for longer than before, after an absence that was longer still: it booted within that time. An uptime that is
    // longer than the absence shows a clock that was set.
    let passed = new.timestamp.seconds - old.timestamp.seconds
    return passed - (new.host.uptime - old.host.uptime) > 30 && new.host.uptime <= passed + 30
  }

  /// Seconds by which the wall clock was set between the samples; 0 where the clocks agree or cannot be compared.
  private var clockStep: Double {
    guard !isMeans, !isResumed, !hasRebooted, !new.host.isDemo else { return 0 }
    let step = (time - old.timestamp.seconds) - (new.boottime - old.boottime)
    // Timestamps are whole seconds.
    return step.isFinite && abs(step) > 2.5 ? step : 0
  }

  /// Reboot, restart of the agent, gap, step of the clock.
  func ofMachine() -> [MachineEvent] {
    let step = clockStep
    let passed = time - old.timestamp.seconds - step
    // A sample after a pause of the process covers the pause; its rates are means over it.
    let covered = max(new.elapsed.isFinite ? new.elapsed : 0, 0)
    let missing = passed - (isMeans ? covered : min(covered, interval))
    // A loaded machine may delay a tick by some seconds.
    let isGap = missing > 3 * interval && missing > 10
    let absence = isGap ? " after " + EventText.duration(missing) + " without samples" : ""
    var events: [MachineEvent] = []
    if hasRebooted {
      var event = MachineEvent(.reboot, at: time, "rebooted" + absence)
      if isGap { event.duration = missing }
      events.append(event)
    } else if hasNewAgent {
      let version = new.agent.version.isEmpty ? "" : ": " + new.agent.version
      var event = MachineEvent(.agentRestart, at: time, "agent restarted" + absence + version)
      if isGap { event.duration = missing }
      events.append(event)
    } else if isGap {
      var event = MachineEvent(.gap, at: time, "no samples for " + EventText.duration(missing))
      event.duration = missing
      events.append(event)
    }
    if step != 0 {
      let direction = step > 0 ? "forward" : "back"
      events.append(MachineEvent(.clockStep, at: time, "clock set \(direction) by " + EventText.duration(abs(step))))
    }
    return events
  }

  /// Errors of GPUs.
  func ofGPUs() -> [MachineEvent] {
    var events: [MachineEvent] = []
    for (index, gpu) in new.gpus.enumerated() {
      guard let before = old.gpus.entry(near: index, where: { $0.index == gpu.index && $0.uuid == gpu.uuid }) else {
        continue
      }
      let subject = EventRules.subject(of: gpu)
      if gpu.xid > 0, gpu.xid != before.xid {
        events.append(
          MachineEvent(.xid, at: time, subject: subject, subject + ": Xid " + EventText.tenths(gpu.xid)))
      }
      let errors = EventText.growth(before.eccUncorrected, gpu.eccUncorrected)
      if errors > 0 {
        var event = MachineEvent(
          .ecc, at: time, subject: subject, subject + ": " + EventText.count(errors, "uncorrected memory error"))
        event.count = errors
        events.append(event)
      }
      if let action = gpu.recoveryAction, action != before.recoveryAction {
        events.append(MachineEvent(.recovery, at: time, subject: subject, subject + " needs recovery: " + action))
      }
    }
    return events
  }

  /// Errors of disks and arrays; those of one disk are one event.
  func ofDisks() -> [MachineEvent] {
    var events: [MachineEvent] = []
    for (index, disk) in new.disks.enumerated() where Self.diskErrors.contains(where: { disk[keyPath: $0.count] > 0 }) {
      guard let before = old.disks.entry(near: index, where: { $0.device == disk.device }) else { continue }
      var sum = 0
      var texts: [String] = []
      for (count, noun) in Self.diskErrors {
        let errors = EventText.growth(before[keyPath: count], disk[keyPath: count])
        guard errors > 0 else { continue }
        sum += errors
        texts.append(EventText.count(errors, noun))
      }
      guard sum > 0 else { continue }
      let name = disk.device + (disk.name.map { " (" + $0 + ")" } ?? "")
      var event = MachineEvent(.diskErrors, at: time, subject: disk.device, name + ": " + texts.joined(separator: ", "))
      event.count = sum
      events.append(event)
    }
    return events
  }

  private static let diskErrors: [(count: any KeyPath<Disk, Double> & Sendable, noun: String)] = [
    (\.errorsTotal, "failed request"), (\.timeoutsTotal, "timed-out request"),
    (\.linkErrorsTotal, "uncorrected PCIe error"), (\.memberErrorsTotal, "corrected read error"),
    (\.missingMembers, "missing member"), (\.mismatchedSectors, "mismatched sector"),
  ]

  /// Errors that filesystems have found.
  func ofFilesystems() -> [MachineEvent] {
    var events: [MachineEvent] = []
    for (index, filesystem) in new.filesystems.enumerated() where filesystem.errorsTotal > 0 {
      let same = old.filesystems.entry(near: index) {
        $0.mountpoint == filesystem.mountpoint && $0.device == filesystem.device
      }
      guard let before = same else { continue }
      let errors = EventText.growth(before.errorsTotal, filesystem.errorsTotal)
      guard errors > 0 else { continue }
      let mount = filesystem.mountpoint
      var event = MachineEvent(
        .diskErrors, at: time, subject: mount,
        mount + " (" + filesystem.fstype + " on " + filesystem.device + "): " + EventText.count(errors, "error"))
      event.count = errors
      events.append(event)
    }
    return events
  }

  /// OOM kills of the workloads that samples list.
  func ofListedWorkloads() -> WorkloadWatch.Changes? {
    guard let before = old.workloads?.top, let now = new.workloads?.top, now.contains(where: { $0.oomKills > 0 }) else {
      return nil
    }
    var changes = WorkloadWatch.Changes()
    for workload in now where workload.oomKills > 0 {
      guard let earlier = before.first(where: { $0.id == workload.id }) else { continue }
      let kills = EventText.growth(earlier.oomKills, workload.oomKills)
      guard kills > 0 else { continue }
      let name = EventText.workload(workload.kind, workload.name)
      changes.kills.append(WorkloadWatch.Kills(workload: workload.id, name: name, count: kills))
    }
    return changes
  }

  /// Alerts that ended, and those that began to fire.
  func ofAlerts() -> [MachineEvent] {
    guard !(old.alerts.isEmpty && new.alerts.isEmpty) else { return [] }
    let before = old.alerts.filter { $0.phase == .firing }
    let firing = new.alerts.filter { $0.phase == .firing }
    // A rule that was changed makes another alert.
    func isSame(_ left: Alert, _ right: Alert) -> Bool {
      left.name == right.name && left.target == right.target && left.rule == right.rule
    }
    var events: [MachineEvent] = []
    for alert in before where !firing.contains(where: { isSame($0, alert) }) {
      var ended = Self.event(.alertResolved, alert, at: time, "alert " + alert.name + " resolved")
      if time >= alert.since { ended.duration = time - alert.since }
      events.append(ended)
    }
    for alert in firing where !before.contains(where: { isSame($0, alert) }) {
      events.append(Self.event(.alertFiring, alert, at: time, "alert " + alert.name))
    }
    return events
  }

  /// Alerts that began to fire with the first sample.
  static func alerts(ofFirst sample: Sample) -> [MachineEvent] {
    let time = sample.timestamp.seconds
    // Received times are whole seconds. The others began before the sample.
    return sample.alerts.filter { $0.phase == .firing && abs($0.since - time) < 1 }.map {
      event(.alertFiring, $0, at: time, "alert " + $0.name)
    }
  }

  private static func event(_ kind: EventKind, _ alert: Alert, at time: Double, _ text: String) -> MachineEvent {
    let subject = alert.name + (alert.target.isEmpty ? "" : "/" + alert.target)
    return MachineEvent(kind, at: time, subject: subject, text + (alert.summary.isEmpty ? "" : ": " + alert.summary))
  }
}
