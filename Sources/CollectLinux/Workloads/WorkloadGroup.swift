internal import AgentMetrics
internal import SystemIO

/// The control group of one workload: its names, its files, and its last counters.
final class WorkloadGroup {
  let found: WorkloadPath
  let serial: Int
  /// The innermost workload around it, which its counters are taken from.
  let parent: WorkloadGroup?
  /// Number of its folder; a group that is made again has another one.
  let inode: UInt64
  /// The control group directly around it, which it shares with others.
  let folder: WorkloadFolder
  /// Hierarchies that have it, a bit each.
  var trees: UInt32 = 0
  /// The last complete walk that saw it.
  var walk = 0
  var files: WorkloadFiles
  /// Its counters with those of the workloads inside it.
  var total: WorkloadReading
  /// Last counters of workloads that were inside it and are gone.
  private var departed: WorkloadReading?
  /// Counters of its former lives, and CPU time of lives that no pass has seen; nil without any.
  private var former: WorkloadReading?
  /// Boot-time clock at which it was found to be gone.
  var departure = Double.nan
  /// Number of reads, including those of only the two counters.
  var reads = 0
  /// The machine's sums at the last read of the files that depend on them.
  var seen = MachineMoves.Sums()
  /// The machine's memory stall when its memory was read; nil where unknown.
  var stallAtMemory: UInt64?
  /// Passes since its CPU time has moved, those that passed over it included.
  var idlePasses = 0
  /// Passes since its I/O has moved.
  var ioIdlePasses = 0
  /// Its network namespace; nil for the machine's, and where unknown.
  var network: WorkloadNamespace?
  /// Whether the process that shows it has ended.
  var wantsProcess = false
  /// Boot-time clock until which Samples keep it.
  var listedUntil = -Double.infinity
  /// Whether its counters of throttling were read since its CPU time moved last.
  var isThrottlingRead = false
  /// Whether readings have its counters of throttling.
  var showsThrottling = false
  /// Whether its engine's files were read, of a container or a pod.
  var isDescribed = false

  /// What surrounds a group.
  struct Surroundings {
    let parent: WorkloadGroup?
    let folder: WorkloadFolder
    let inode: UInt64
  }

  init(_ found: WorkloadPath, names: WorkloadNames, serial: Int, isNew: Bool, in surroundings: Surroundings) {
    self.found = found
    self.serial = serial
    parent = surroundings.parent
    folder = surroundings.folder
    inode = surroundings.inode
    files = WorkloadFiles()
    total = WorkloadReading(names: names, serial: serial)
    total.isNew = isNew
    total.isGroup = found.kind == .pod
  }

  deinit { files.close() }

  /// Ends it: its counters stay in those of the workload around it.
  func depart() {
    files.close()
    total.hasEnded = true
    total.isListed = false
    parent?.addDeparted(total)
  }

  private func addDeparted(_ counters: WorkloadReading) {
    var sum = departed ?? WorkloadReading(names: total.names, serial: serial)
    Self.combineCounters(&sum, counters, Self.add)
    departed = sum
  }

  /// Continues the last counters of a group of the same name.
  func follow(_ last: WorkloadReading) {
    former = last
    total.start = WorkloadStart(last)
    total.isNew = true
    total.restarts = last.restarts.map { $0 + 1 } ?? total.restarts
    guard total.names.user == nil, let user = last.names.user else { return }
    var facts = total.names.facts
    facts.user = user
    total.names = WorkloadNames(facts)
  }

  /// Adds CPU time that its readings lack: after the last one, or of lives between two passes.
  func raise(cpu: UInt64) {
    var raised = WorkloadReading(names: total.names, serial: serial)
    raised.cpu = cpu
    if total.isGone {
      Self.combineCounters(&total, raised, Self.add)
    } else {
      var sum = former ?? WorkloadReading(names: total.names, serial: serial)
      Self.combineCounters(&sum, raised, Self.add)
      former = sum
    }
    // The sum of a slice's ended groups is inside, as those of running groups are.
    if !total.isRemainder { parent?.addDeparted(raised) }
  }

  /// Its last counters, without levels.
  var last: WorkloadReading {
    var last = total
    subtractOthers(nil, from: &last)
    if let former { Self.combineCounters(&last, former, Self.add) }
    if let former, last.throttled != nil { Self.addThrottling(&last, former) }
    (last.memory, last.inactiveFile, last.anonymous, last.cache) = (nil, nil, nil, nil)
    (last.swap, last.tasks, last.network) = (nil, nil, nil)
    return last
  }

  /// Adds the counters of its former lives to those that its files have.
  func addFormer(to own: inout WorkloadReading) {
    guard let former else { return }
    // One that was not read yet is absent.
    Self.combineCounters(&own, former) { if let now = $0, let before = $1 { $0 = now &+ before } }
    if own.throttled != nil { Self.addThrottling(&own, former) }
  }

  private static func addThrottling(_ reading: inout WorkloadReading, _ former: WorkloadReading) {
    add(&reading.periods, former.periods)
    add(&reading.throttledPeriods, former.throttledPeriods)
    add(&reading.throttled, former.throttled)
  }

  /// Subtracts the counters of the workloads inside it from a copy of ``total``, and removes throttling that was not read.
  ///
  /// - Parameter inside: sums of the workloads inside it; nil without any.
  func subtractOthers(_ inside: WorkloadReading?, from own: inout WorkloadReading) {
    if !showsThrottling { (own.periods, own.throttledPeriods, own.throttled) = (nil, nil, nil) }
    guard inside != nil || departed != nil else { return }
    for others in [inside, departed] {
      guard let others else { continue }
      Self.combineCounters(&own, others, Self.subtract)
      Self.combineLevels(&own, others, Self.subtract)
    }
    // Highest values of different times cannot be subtracted.
    if inside != nil { own.memoryPeak = nil }
  }

  /// Adds its counters to the sums of the workload around it.
  func add(to sums: inout WorkloadReading) {
    Self.combineCounters(&sums, total, Self.add)
    Self.combineLevels(&sums, total, Self.add)
  }

  private static func add(_ sum: inout UInt64?, _ count: UInt64?) {
    if let count { sum = (sum ?? 0) &+ count }
  }

  private static func subtract(_ total: inout UInt64?, _ part: UInt64?) {
    if let count = total, let part { total = count - min(count, part) }
  }

  /// Combines the counters that include those of groups inside; the kernel counts throttling for each limit alone.
  private static func combineCounters(
    _ reading: inout WorkloadReading, _ other: WorkloadReading, _ body: (inout UInt64?, UInt64?) -> Void
  ) {
    body(&reading.cpu, other.cpu)
    body(&reading.oomKills, other.oomKills)
    body(&reading.readBytes, other.readBytes)
    body(&reading.writtenBytes, other.writtenBytes)
    body(&reading.reads, other.reads)
    body(&reading.writes, other.writes)
  }

  private static func combineLevels(
    _ reading: inout WorkloadReading, _ other: WorkloadReading, _ body: (inout UInt64?, UInt64?) -> Void
  ) {
    body(&reading.memory, other.memory)
    body(&reading.inactiveFile, other.inactiveFile)
    body(&reading.anonymous, other.anonymous)
    body(&reading.cache, other.cache)
    body(&reading.swap, other.swap)
    body(&reading.tasks, other.tasks)
  }
}

/// Files of a workload's group that stay open between reads.
struct WorkloadFiles {
  /// Descriptors by ``WorkloadFile``; -1 if closed.
  private var descriptors = [Int32](repeating: -1, count: WorkloadFile.all.count)
  /// Files that the group lacks, a bit each.
  var missing: UInt32 = 0
  private(set) var openCount = 0

  subscript(file: Int) -> Int32 { descriptors[file] }

  mutating func keep(_ descriptor: Int32, of file: Int) {
    descriptors[file] = descriptor
    openCount += 1
  }

  mutating func close(_ file: Int) {
    guard descriptors[file] >= 0 else { return }
    SystemIO.close(descriptors[file])
    descriptors[file] = -1
    openCount -= 1
  }

  mutating func close() {
    for file in descriptors.indices { close(file) }
  }
}
