internal import AgentMetrics

/// Follows workloads by their control groups: which ended, started again, or lost a process to the OOM killer.
struct WorkloadWatch {
  /// Processes of a workload that the OOM killer ended.
  struct Kills: Equatable {
    let workload: String
    let name: String
    let count: Int
  }

  /// Changes between two readings.
  struct Changes {
    var events: [MachineEvent] = []
    var kills: [Kills] = []
    /// Workloads whose groups are gone, so that their own counters are, too; also those that came and went in between.
    var ended: [WorkloadNames] = []
  }

  private struct Member {
    let serial: Int
    let names: WorkloadNames
    /// When it was first seen; -infinity where it was there from the beginning.
    let since: Double
    var oomKills: UInt64?
  }

  private struct Restarts {
    /// Times of the newest restarts, oldest first.
    var times: [Double] = []
    /// When the group went; nil while it is there.
    var gone: Double?
    var reported = -Double.infinity
  }

  /// By ascending serial number.
  private var members: [Member] = []
  private var restarts: [String: Restarts] = [:]
  private var instant = Double.nan
  /// The highest serial number of the last reading.
  private var newest = 0
  private var isFirst = true

  /// Restarts that make a loop, and the seconds that they must fit into: fewer than a unit started every minute by a timer
  /// has.
  static let loopCount = 4
  private static let loopSeconds = 170.0
  /// Seconds between two reports of one loop.
  private static let loopPause = 600.0
  /// Seconds for which an ended workload is remembered.
  private static let memory = 600.0
  private static let maxRemembered = 2_000

  /// Seconds for which a workload must have lived for its end to be an event; nil for kinds whose end is not.
  ///
  /// Units that a timer starts, and sessions, come and go.
  private static func minimumLife(_ kind: WorkloadKind) -> Double? {
    switch kind {
    case .container, .vm, .job: 60
    case .service: 600
    case .pod, .session, .user, .other: nil
    }
  }

  /// Compares a reading with the one before.
  ///
  /// - Parameter interval: seconds between two samples.
  mutating func update(_ reading: WorkloadsReading, time: Double, interval: Double) -> Changes {
    // A reading may repeat its predecessor's.
    guard reading.instant.isFinite, reading.instant != instant else { return Changes() }
    defer { (instant, isFirst) = (reading.instant, false) }
    let now = reading.instant
    var changes = Changes()
    var reading = reading
    let known = isFirst ? Int.max : newest
    newest = reading.all.last?.serial ?? newest
    // Those without a group.
    if reading.all.contains(where: \.isGone) {
      changes.ended = reading.all.filter { $0.hasEnded && !$0.isRemainder && $0.serial > known }.map(\.names)
      reading.all.removeAll(where: \.isGone)
    }
    if isSame(reading) {
      updateKills(reading, in: &changes)
      guard !isFirst, !restarts.isEmpty else { return changes }
      forgetRestarts(now)
      return changes
    }
    var next: [Member] = []
    next.reserveCapacity(reading.all.count)
    var started: [WorkloadNames] = []
    var gone: [Member] = []
    var cursor = 0
    for workload in reading.all {
      while cursor < members.count, members[cursor].serial < workload.serial {
        gone.append(members[cursor])
        cursor += 1
      }
      if cursor < members.count, members[cursor].serial == workload.serial {
        var member = members[cursor]
        addKills(of: workload, since: member.oomKills, to: &changes)
        member.oomKills = workload.oomKills
        next.append(member)
        cursor += 1
        continue
      }
      if !isFirst {
        started.append(workload.names)
        if workload.isNew { addKills(of: workload, since: workload.start?.counters.oomKills ?? 0, to: &changes) }
      }
      next.append(
        Member(
          serial: workload.serial, names: workload.names, since: isFirst ? -.infinity : now,
          oomKills: workload.oomKills))
    }
    gone += members[min(cursor, members.count)...]
    members = next
    guard !isFirst, !(gone.isEmpty && started.isEmpty && restarts.isEmpty) else { return changes }
    changes.ended += gone.map(\.names)
    addEnds(gone, started, now: now, time: time, to: &changes)
    addRestarts(started, now: now, time: time, interval: interval, to: &changes)
    forgetRestarts(now)
    return changes
  }

  /// Whether no group was made or removed, as at most readings.
  private func isSame(_ reading: WorkloadsReading) -> Bool {
    // By index, because a reading is large.
    members.count == reading.all.count && members.indices.allSatisfy { members[$0].serial == reading.all[$0].serial }
  }

  private mutating func updateKills(_ reading: WorkloadsReading, in changes: inout Changes) {
    for index in members.indices where members[index].oomKills != reading.all[index].oomKills {
      addKills(of: reading.all[index], since: members[index].oomKills, to: &changes)
      members[index].oomKills = reading.all[index].oomKills
    }
  }

  private mutating func forgetRestarts(_ now: Double) {
    restarts = restarts.filter { now - ($0.value.gone ?? $0.value.times.last ?? now) < Self.memory }
  }

  private func addKills(of workload: WorkloadReading, since old: UInt64?, to changes: inout Changes) {
    guard let new = workload.oomKills, let old, new > old, new - old < 1_000_000 else { return }
    changes.kills.append(
      Kills(workload: workload.names.id, name: workload.names.title, count: Int(new - old)))
  }

  private mutating func addEnds(
    _ gone: [Member], _ started: [WorkloadNames], now: Double, time: Double, to changes: inout Changes
  ) {
    let again = Set(started.map(\.id))
    for member in gone {
      let names = member.names
      guard let life = Self.minimumLife(names.kind) else { continue }
      let lived = now - member.since
      if restarts[names.id] != nil || restarts.count < Self.maxRemembered {
        restarts[names.id, default: Restarts()].gone = now
      }
      guard lived >= life else { continue }
      let isAgain = again.contains(names.id)
      let length = lived.isFinite ? " after " + EventText.duration(lived) : ""
      var event = MachineEvent(
        isAgain ? .workloadRestart : .workloadEnded, at: time, subject: names.id,
        names.title + (isAgain ? " restarted" : " ended") + length)
      event.workload = names.id
      if lived.isFinite { event.duration = lived }
      changes.events.append(event)
    }
  }

  private mutating func addRestarts(
    _ started: [WorkloadNames], now: Double, time: Double, interval: Double, to changes: inout Changes
  ) {
    // With long intervals, a restart within each of them.
    let window = max(Self.loopSeconds, (Double(Self.loopCount) - 0.5) * interval)
    for names in started {
      guard var state = restarts[names.id], state.gone != nil else { continue }
      state.gone = nil
      state.times.append(now)
      state.times.removeAll { now - $0 > window }
      if state.times.count >= Self.loopCount, now - state.reported >= Self.loopPause, let first = state.times.first {
        state.reported = now
        var event = MachineEvent(
          .workloadLoop, at: time, subject: names.id,
          names.title + " restarts in a loop: \(state.times.count) times in " + EventText.duration(now - first))
        event.workload = names.id
        event.count = state.times.count
        changes.events.append(event)
      }
      restarts[names.id] = state
    }
  }
}

extension WorkloadNames {
  /// "container web", "job 4711", "nginx.service": its kind and name; the name alone where it says the kind.
  var title: String { EventText.workload(facts.kind, facts.name) }
}
