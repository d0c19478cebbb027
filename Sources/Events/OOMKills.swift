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
    for kills in workloads.kills { add(kills.count, in: kills.workload, " in " + kills.name) }
    let known = workloads.kills.reduce(0) { $0 + $1.count }
    // A group that is gone took its counter with it; the machine's has its kills.
    let others = EventText.growth(old.ram.oomKills, new.ram.oomKills) - known
    if others > 0 {
      let ended = workloads.ended.filter { ![.session, .user].contains($0.kind) }
      let gone = victim { workload in ended.contains { $0.id == workload } }
      let one = ended.count == 1 ? ended.first : gone.flatMap { gone in ended.first { $0.id == gone.workload } }
      if let one {
        add(others, in: one.id, ", probably in " + one.title + ", which ended")
      } else if let one = lastKnown {
        add(others, in: one.id, ", probably in " + one.title)
      } else {
        add(others)
      }
    } else if known == 0 {
      let kills = EventText.growth(old.cgroup?.oomKills ?? .nan, new.cgroup?.oomKills ?? .nan)
      if kills > 0 { add(kills, " in the container") }
    }
  }

  private mutating func add(_ count: Int, in workload: String? = nil, _ place: String = "") {
    var text = "out of memory" + place + ": " + EventText.count(count, "process") + " killed"
    if let victim = victim(where: { workload == nil || $0 == workload }) {
      text += ", probably " + victim.name + " (\(victim.pid), \(Int(victim.residentBytes >> 20)) MiB)"
    }
    var event = MachineEvent(.outOfMemory, at: change.time, subject: workload ?? "", text)
    event.workload = workload
    event.count = count
    events.append(event)
  }

  /// The victim's workload where the workloads were not read since, so that it is unknown whether it has ended.
  private var lastKnown: WorkloadNames? {
    guard let workloads = reading?.workloads, workloads.age > 0, let id = victim(where: { $0 != nil })?.workload else {
      return nil
    }
    return workloads.all.first { $0.names.id == id }?.names
  }

  /// Returns the largest process of the previous scan that has ended, the usual victim.
  ///
  /// nil if none was large, e.g. if the victim grew after that scan.
  ///
  /// - Parameter isWanted: whether a workload's processes count.
  private func victim(where isWanted: (String?) -> Bool) -> ProcessReading? {
    guard let scan = reading?.processes, let before = scan.earlier else { return nil }
    var largest: ProcessReading?
    for process in before where isWanted(process.workload) {
      guard process.residentBytes > largest?.residentBytes ?? 16 << 20 else { continue }
      // One that its parent has not waited for is still in the table.
      if let same = scan.process(pid: process.pid), same.start == process.start, !hasEnded(same) { continue }
      largest = process
    }
    return largest
  }

  /// A zombie or dead process, or one whose memory the kernel has freed already.
  private func hasEnded(_ process: ProcessReading) -> Bool {
    process.state == UInt8(ascii: "Z") || process.state == UInt8(ascii: "X") || process.residentBytes == 0
  }
}
