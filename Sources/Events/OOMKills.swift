internal import AgentMetrics

/// The OOM kills between two samples: by workload where the kernel counts them so, else of the machine.
struct OOMKills {
  private(set) var events: [MachineEvent] = []
  private let change: SampleChange
  private let reading: Reading?

  init(_ change: SampleChange, _ workloads: WorkloadWatch.Changes, _ reading: Reading?) {
    self.change = change
    self.reading = reading
    let (old, new) = (change.old, change.new)
    for kills in workloads.kills { add(kills.count, in: kills.workload, name: kills.name) }
    let known = workloads.kills.reduce(0) { $0 + $1.count }
    // A group that is gone took its counter with it; the machine's has its kills.
    let others = EventText.growth(old.ram.oomKills, new.ram.oomKills) - known
    if others > 0 {
      let ended = workloads.ended.filter { ![.session, .user].contains($0.kind) }
      if ended.count == 1, let one = ended.first {
        add(others, in: one.id, name: "probably " + one.title + ", which ended")
      } else {
        add(others)
      }
    } else if known == 0 {
      let kills = EventText.growth(old.cgroup?.oomKills ?? .nan, new.cgroup?.oomKills ?? .nan)
      if kills > 0 { add(kills, name: "the container") }
    }
  }

  private mutating func add(_ count: Int, in workload: String? = nil, name: String? = nil) {
    var text = "out of memory" + (name.map { " in " + $0 } ?? "") + ": " + EventText.count(count, "process") + " killed"
    if let victim = victim(in: workload) {
      text += ", probably " + victim.name + " (\(victim.pid), \(Int(victim.residentBytes >> 20)) MiB)"
    }
    var event = MachineEvent(.outOfMemory, at: change.time, subject: workload ?? "", text)
    event.workload = workload
    event.count = count
    events.append(event)
  }

  /// Returns the largest process of the previous scan that has ended, the usual victim.
  ///
  /// nil if none was large, e.g. if the victim grew after that scan.
  private func victim(in workload: String?) -> ProcessReading? {
    guard let scan = reading?.processes, let before = scan.earlier else { return nil }
    var largest: ProcessReading?
    for process in before where workload == nil || process.workload == workload {
      guard process.residentBytes > largest?.residentBytes ?? 16 << 20 else { continue }
      if let same = scan.process(pid: process.pid), same.start == process.start { continue }
      largest = process
    }
    return largest
  }
}
