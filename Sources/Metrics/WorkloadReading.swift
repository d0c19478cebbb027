/// Kind of a workload: a group of processes that is accounted as one.
package enum WorkloadKind: String, Sendable, CaseIterable {
  case container, pod, service, session
  /// A unit of a user's own service manager, or that manager.
  case user
  /// A batch job.
  case job
  /// A virtual machine.
  case vm
  /// A control group of unknown origin.
  case other
}

/// Names of a workload; constant while it lives, and shared by all Readings of it.
package final class WorkloadNames: Sendable, Hashable {
  package struct Facts: Sendable, Hashable {
    package let kind: WorkloadKind
    /// Unique name of a machine's workload, "service:ssh.service"; the same after a restart.
    package let id: String
    package var name: String
    /// Path of its control group.
    package let path: String
    /// User that it runs for; nil where unknown or where several do.
    package var user: String?
    /// Container engine or batch system.
    package var engine: String?
    /// Image of a container.
    package var image: String?
    /// Uid of the pod that holds it.
    package var pod: String?
    /// That pod as "namespace/name".
    package var podName: String?

    package init(kind: WorkloadKind, id: String, name: String, path: String) {
      (self.kind, self.id, self.name, self.path) = (kind, id, name, path)
    }
  }

  package let facts: Facts

  package init(_ facts: Facts) { self.facts = facts }

  package convenience init(
    kind: WorkloadKind, id: String, name: String, path: String, user: String? = nil, engine: String? = nil
  ) {
    var facts = Facts(kind: kind, id: id, name: name, path: path)
    (facts.user, facts.engine) = (user, engine)
    self.init(facts)
  }

  package var kind: WorkloadKind { facts.kind }
  package var id: String { facts.id }
  package var name: String { facts.name }
  package var path: String { facts.path }
  package var user: String? { facts.user }
  package var engine: String? { facts.engine }

  package static func == (left: WorkloadNames, right: WorkloadNames) -> Bool {
    left === right || left.facts == right.facts
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(facts.id) }
}

/// Stores a count in half the bytes of an optional one: those of hundreds of workloads are copied at each tick.
///
/// The largest number means nil; no counter reaches it.
@propertyWrapper
package struct PackedCount: Sendable, Hashable {
  private var count = UInt64.max

  package init() {}

  package var wrappedValue: UInt64? {
    get { count == .max ? nil : count }
    set { count = newValue ?? .max }
  }
}

/// Counters and levels of one workload at one instant, without those of workloads inside it; nil where the kernel has
/// none.
package struct WorkloadReading: Sendable, Hashable {
  package var names: WorkloadNames
  /// Ascending number of each control group that was found; a group that is made again gets another one.
  package var serial: Int
  /// Whether the group was made after the earlier reading, so that its counters began at 0 since.
  package var isNew = false
  /// Whether it was among the heaviest lately, so that Samples keep it.
  package var isListed = false
  /// Whether it only holds other workloads, as a pod does, and is not added up.
  package var isGroup = false
  /// Whether its group was removed: its counters are the last ones, and only intervals with some of its use list it.
  package var hasEnded = false
  /// Whether it is the sum of groups of a slice that came and went between two readings.
  package var isRemainder = false
  /// The counters that it began with; nil for 0.
  package var start: WorkloadStart?
  /// Microseconds of CPU time.
  @PackedCount package var cpu: UInt64?
  /// CPU limit, in CPUs; nil without a limit.
  package var cpuLimit: Double?
  /// Enforcement periods of the CPU limit.
  @PackedCount package var periods: UInt64?
  @PackedCount package var throttledPeriods: UInt64?
  /// Microseconds throttled, summed over CPUs.
  @PackedCount package var throttled: UInt64?
  /// Bytes charged, page cache included.
  @PackedCount package var memory: UInt64?
  /// Bytes of page cache that can be reclaimed immediately.
  @PackedCount package var inactiveFile: UInt64?
  /// Bytes of memory without a file.
  @PackedCount package var anonymous: UInt64?
  /// Bytes of page cache.
  @PackedCount package var cache: UInt64?
  @PackedCount package var memoryPeak: UInt64?
  /// Memory limit in bytes; nil without a limit.
  @PackedCount package var memoryLimit: UInt64?
  @PackedCount package var swap: UInt64?
  @PackedCount package var oomKills: UInt64?
  /// Bytes read from block devices.
  @PackedCount package var readBytes: UInt64?
  @PackedCount package var writtenBytes: UInt64?
  /// Requests to block devices.
  @PackedCount package var reads: UInt64?
  @PackedCount package var writes: UInt64?
  /// Traffic of its network namespace; nil where that is the machine's.
  package var network: WorkloadTraffic?
  /// How often a group of its name was made again since the agent's start.
  @PackedCount package var restarts: UInt64?
  /// Microseconds in which at least one task waited for a CPU, for memory, for I/O.
  @PackedCount package var cpuStall: UInt64?
  @PackedCount package var memoryStall: UInt64?
  @PackedCount package var ioStall: UInt64?
  @PackedCount package var tasks: UInt64?
  /// Task limit; nil without a limit.
  @PackedCount package var tasksLimit: UInt64?

  package init(names: WorkloadNames, serial: Int) {
    self.names = names
    self.serial = serial
  }

  /// Whether it is what removed groups have left: the last counters of one, or the sum of those of a slice.
  package var isGone: Bool { hasEnded || isRemainder }

  /// Bytes read and written; nil where both are unknown.
  package var ioBytes: UInt64? {
    guard let readBytes else { return writtenBytes }
    return readBytes &+ (writtenBytes ?? 0)
  }
}

/// Last counters of the former life of a group that was made again, from which the new one's go on.
package final class WorkloadStart: Sendable, Hashable {
  package let counters: WorkloadReading

  package init(_ counters: WorkloadReading) { self.counters = counters }

  package static func == (left: WorkloadStart, right: WorkloadStart) -> Bool {
    left === right || left.counters == right.counters
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(counters) }
}

/// Traffic of a network namespace, which is read less often than the rest.
package final class WorkloadTraffic: Sendable, Hashable {
  /// Counters at one instant, loopback excluded.
  package struct Counters: Sendable, Hashable {
    /// Boot-time clock, in seconds.
    package var instant: Double
    package var receivedBytes: UInt64 = 0
    package var sentBytes: UInt64 = 0
    /// The name of the interface with the most traffic.
    package var interface = ""

    package init(at instant: Double) { self.instant = instant }
  }

  package let now: Counters
  /// The reading before; nil before there is one, and where the namespace is another one.
  package let before: Counters?

  package init(_ now: Counters, since before: Counters?) {
    (self.now, self.before) = (now, before)
  }

  /// Bytes received per second between the two.
  package var receiveRate: Double { rate(\.receivedBytes) }
  /// Bytes sent per second between the two.
  package var sendRate: Double { rate(\.sentBytes) }

  private func rate(_ count: KeyPath<Counters, UInt64>) -> Double {
    guard let before else { return .nan }
    return Elapsed(seconds: now.instant - before.instant).rate(before[keyPath: count], now[keyPath: count])
  }

  package static func == (left: WorkloadTraffic, right: WorkloadTraffic) -> Bool {
    left === right || left.now == right.now && left.before == right.before
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(now) }
}

/// One reading of all workloads.
package struct WorkloadsReading: Sendable, Hashable {
  /// All workloads, by ascending serial number.
  package var all: [WorkloadReading] = []
  /// Time of the reading by the boot-time clock, in seconds.
  package var instant = Double.nan
  /// Seconds from that to the Reading that holds it.
  package var age = 0.0
  /// Earlier reading by the same collector, far enough back for rates; nil before there is one.
  package var earlier: [WorkloadReading]?
  package var earlierInstant = Double.nan

  package init() {}
}

/// Two readings of the workloads and the time between them.
package struct WorkloadSpan: Sendable {
  package let current: WorkloadsReading
  /// Time between the readings; NaN without an earlier one.
  package let elapsed: Elapsed
  private let before: [WorkloadReading]

  /// Creates the span between the readings of two Readings; one that repeats its predecessor's brings the one before.
  ///
  /// - Parameter elapsed: time between the Readings, for those without instants.
  package init(from previous: WorkloadsReading?, to current: WorkloadsReading, over elapsed: Elapsed) {
    self.current = current
    if elapsed.isSinceBoot {
      // A group's start is unknown.
      (before, self.elapsed) = ([], Elapsed(seconds: .nan))
    } else if let previous, previous.instant != current.instant {
      let seconds = current.instant - previous.instant
      (before, self.elapsed) = (previous.all, seconds.isFinite ? Elapsed(seconds: seconds) : elapsed)
    } else if let earlier = current.earlier {
      (before, self.elapsed) = (earlier, Elapsed(seconds: current.instant - current.earlierInstant))
    } else {
      (before, self.elapsed) = (previous?.all ?? [], previous == nil ? Elapsed(seconds: .nan) : elapsed)
    }
  }

  /// The counters of a workload at the start of a span.
  enum Start {
    case unknown
    /// It was made within the span.
    case zero
    /// Those of the earlier reading at an index.
    case at(Int)
  }

  /// Calls `body` with the index of each workload in ``current`` and its start; a reading is too large to be copied for
  /// each of thousands.
  func forEach(_ body: (_ index: Int, Start) -> Void) {
    var cursor = 0
    for index in current.all.indices {
      let serial = current.all[index].serial
      while cursor < before.count, before[cursor].serial < serial { cursor += 1 }
      if cursor < before.count, before[cursor].serial == serial {
        body(index, .at(cursor))
      } else {
        body(index, start(ofUnknown: index))
      }
    }
  }

  /// The start of a workload whose serial number the earlier reading lacks.
  private func start(ofUnknown index: Int) -> Start {
    guard current.all[index].isNew, elapsed.seconds.isFinite else { return .unknown }
    guard current.all[index].start != nil else { return .zero }
    // A group that was made again goes on from the counters of its former lives.
    let id = current.all[index].names.id
    return before.lastIndex { $0.names.id == id }.map(Start.at) ?? .zero
  }

  /// Whether a workload's group was made, made again or removed in the span, or whether it stands for such groups.
  func cameOrWent(_ index: Int, _ start: Start) -> Bool {
    if current.all[index].isGone { return true }
    if case .at(let place) = start { return before[place].serial != current.all[index].serial }
    return current.all[index].isNew
  }

  /// Whether a workload belongs to the list of the span's workloads: one that has ended, where it used something.
  func isListed(_ index: Int, _ start: Start) -> Bool {
    guard current.all[index].isGone else { return true }
    return growth(index, start) { $0.cpu } ?? 0 > 0 || growth(index, start) { $0.oomKills } ?? 0 > 0
  }

  /// Growth of a counter; nil where either end is absent or where it went backwards.
  @inline(__always)
  func growth(_ index: Int, _ start: Start, _ count: (borrowing WorkloadReading) -> UInt64?) -> UInt64? {
    let now = count(current.all[index])
    switch start {
    case .unknown: return elapsed.growth(nil, now)
    case .zero: return elapsed.growth(current.all[index].start.map { count($0.counters) ?? 0 } ?? 0, now)
    case .at(let index): return elapsed.growth(count(before[index]), now)
    }
  }

  /// Growth of a counter per second; NaN where it is unknown.
  @inline(__always)
  func rate(
    _ index: Int, _ start: Start, unit: Double = 1, _ count: (borrowing WorkloadReading) -> UInt64?
  ) -> Double {
    guard let grown = growth(index, start, count), elapsed.seconds > 0 else { return .nan }
    return Double(grown) * unit / elapsed.seconds
  }

  /// A workload during the span.
  func workload(_ index: Int, _ start: Start) -> Workload {
    let now = current.all[index]
    switch start {
    case .unknown: return Workload(from: nil, to: now, over: elapsed)
    case .zero: return Workload(from: self.start(of: now), to: now, over: elapsed)
    case .at(let index): return Workload(from: before[index], to: now, over: elapsed)
    }
  }

  /// The counters of a workload that was made since the earlier reading.
  private func start(of workload: WorkloadReading) -> WorkloadReading {
    var start = WorkloadReading(names: workload.names, serial: workload.serial)
    let former = workload.start?.counters
    start.cpu = former?.cpu ?? 0
    start.periods = former?.periods ?? 0
    start.throttledPeriods = former?.throttledPeriods ?? 0
    start.throttled = former?.throttled ?? 0
    start.oomKills = former?.oomKills ?? 0
    start.readBytes = former?.readBytes ?? 0
    start.writtenBytes = former?.writtenBytes ?? 0
    start.reads = former?.reads ?? 0
    start.writes = former?.writes ?? 0
    start.cpuStall = 0
    start.memoryStall = 0
    start.ioStall = 0
    return start
  }
}
