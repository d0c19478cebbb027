internal import AgentMetrics

/// The processes that the kernel killed for lack of memory between samples, by workload.
struct MemoryKills {
  /// A workload with its kills.
  struct Place {
    var workload: Workload
    var count: Double
    /// Whether its group is gone, or was made again.
    var hasEnded = false
    /// Whether the workload is known by the victim alone: a group that is gone took its counter with it.
    var isProbable = false
  }

  private(set) var count = 0.0
  /// Id in the catalog of the counter that grew.
  private(set) var metric = ""
  /// Most kills first.
  private(set) var places: [Place] = []
  /// The largest process that has ended, the usual victim; nil where none was large.
  private(set) var victim: Process?

  /// Memory from which a process is taken for the victim, where its workload's counter grew or is gone, and where it is
  /// there.
  private static let minMemory = (known: 16.0 * 1_048_576, other: 50.0 * 1_048_576)

  /// Compares two samples; nil without kills between them.
  init?(from previous: Sample?, to sample: Sample) {
    guard let previous else { return nil }
    let machine = Self.growth(previous.ram.oomKills, sample.ram.oomKills)
    let group = Self.growth(previous.cgroup?.oomKills ?? .nan, sample.cgroup?.oomKills ?? .nan)
    count = max(machine, group)
    guard count > 0 else { return nil }
    metric = machine > 0 ? "ram.oom_kills_total" : "cgroup.oom_kills_total"
    let before = Dictionary(
      (previous.workloads?.top ?? []).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let now = Dictionary((sample.workloads?.top ?? []).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    // Workloads may be read more rarely than samples are taken.
    let span = max(sample.elapsed, sample.elapsed + previous.ageOfWorkloads - sample.ageOfWorkloads)
    addCounted(sample, before, span)
    let known = places.reduce(0) { $0 + $1.count }
    let counted = Set(places.map(\.workload.id))
    let gone = (previous.processes?.top ?? []).filter { !$0.isAlive(in: sample) }
    if count > known {
      let suspects = gone.filter { process in
        guard let id = process.workload else { return process.resident > Self.minMemory.other }
        if counted.contains(id) { return false }
        guard let new = now[id] else { return process.resident > Self.minMemory.known }
        // A group whose own counter stood still had no kill.
        let hasNone = before[id].map { new.oomKills == $0.oomKills && new.cpuTotal >= $0.cpuTotal } ?? false
        return process.resident > Self.minMemory.other && !hasNone
      }
      if let suspect = Self.largest(suspects) {
        victim = suspect
        if let id = suspect.workload {
          let workload = before[id] ?? now[id] ?? Workload(id: id)
          let hasEnded = now[id].map { $0.cpuTotal < workload.cpuTotal } ?? (before[id] != nil)
          places.append(Place(workload: workload, count: count - known, hasEnded: hasEnded, isProbable: true))
        }
      }
    }
    if known > 0 {
      let inside = gone.filter { $0.resident > Self.minMemory.known && $0.workload.map(counted.contains) ?? false }
      victim = Self.largest(inside + (victim.map { [$0] } ?? []))
    }
    sort()
  }

  /// Adds the workloads whose counters show kills.
  ///
  /// - Parameter span: seconds between the two readings of the workloads.
  private mutating func addCounted(_ sample: Sample, _ before: [String: Workload], _ span: Double) {
    var unknown: [Workload] = []
    for workload in sample.workloads?.top ?? [] where !workload.isGroup && workload.oomKills > 0 {
      if let old = before[workload.id] {
        let isAgain = workload.oomKills < old.oomKills
        let kills = isAgain ? workload.oomKills : Self.growth(old.oomKills, workload.oomKills)
        if kills > 0 { places.append(Place(workload: workload, count: kills, hasEnded: isAgain)) }
      } else if workload.began(within: span) {
        // One that was made since had no earlier kills.
        places.append(Place(workload: workload, count: workload.oomKills))
      } else {
        unknown.append(workload)
      }
    }
    // An older one that was not listed is listed for its kill alone.
    if places.isEmpty, unknown.count == 1 { places.append(Place(workload: unknown[0], count: count)) }
  }

  /// Adds the kills of another interval.
  mutating func add(_ other: MemoryKills) {
    count += other.count
    for place in other.places {
      guard let index = places.firstIndex(where: { $0.workload.id == place.workload.id }) else {
        places.append(place)
        continue
      }
      places[index].count += place.count
      places[index].isProbable = places[index].isProbable && place.isProbable
      places[index].hasEnded = place.hasEnded
    }
    victim = Self.largest([victim, other.victim].compactMap(\.self))
    sort()
  }

  private mutating func sort() {
    places.sort { ($1.count, $0.workload.id) < ($0.count, $1.workload.id) }
  }

  private static func largest(_ processes: [Process]) -> Process? {
    processes.max { ($0.resident, $1.pid) < ($1.resident, $0.pid) }
  }

  private static func growth(_ old: Double, _ new: Double) -> Double {
    let growth = new - old
    return growth > 0 && growth < 1e9 ? growth : 0
  }
}

extension Process {
  /// Whether a later sample lists it with memory: a zombie, whose parent has not waited for it, has ended.
  fileprivate func isAlive(in sample: Sample) -> Bool {
    guard let now = sample.processes?.top.first(where: { $0.pid == pid }) else { return false }
    return !(now.start > start) && now.state != UInt8(ascii: "Z") && now.state != UInt8(ascii: "X")
  }
}
