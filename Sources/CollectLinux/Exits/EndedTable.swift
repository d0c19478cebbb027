internal import AgentMetrics

/// Counters of ended processes by name, user and workload, as they grow from scan to scan.
struct EndedTable {
  private struct Key: Hashable {
    let name: String
    let user: String
    let workload: String?
  }

  /// Maximum number of counters; those that grew least recently are dropped.
  static let limit = 256
  /// Maximum number of threads and parents that are remembered.
  private static let memory = 16_384

  /// The counters, by ascending serial number.
  private(set) var readings: [EndedReading] = []
  /// The scan in which each of `readings` last grew.
  private var scans: [Int] = []
  private var places: [Key: Int] = [:]
  private var serial = 0
  /// CPU time of ended threads of running processes.
  private var threads: [Int32: UInt64] = [:]
  /// Microseconds of CPU time that this scan adds, by place, and those of processes whose workload is a guess.
  private var growth: [Int: (cpu: UInt64, guessed: UInt64)] = [:]

  /// A process whose main thread has ended; other threads of it may be reported after that one.
  private struct Leader {
    let place: Int
    /// Whether no scan has seen its workload.
    let isGuessed: Bool
    /// Microseconds that scans have counted and no exit has covered yet.
    var counted: UInt64
    /// Microseconds that it may still have used since the last scan.
    var room: UInt64
  }
  /// Those of this scan and of the last; later, the pid may be another process's.
  private var leaders: [Int32: Leader] = [:]
  private var earlierLeaders: [Int32: Leader] = [:]
  private var scan = 0

  /// The time between two scans, which bounds what ended processes used since.
  struct Interval {
    var ticksPerSecond: Double
    var seconds = Double.infinity
    var processors = Double.infinity

    /// Microseconds of CPU time that a number of threads can use.
    func room(threads: Double = .infinity) -> UInt64 {
      // Clocks are read one after the other.
      let most = (seconds + 0.01) * min(threads, processors) * 1e6
      return most < 1e18 ? UInt64(max(0, most)) : .max
    }
  }

  /// Adds the exits since the last scan.
  ///
  /// - Parameters:
  ///   - before: processes of the last scan, whose CPU time up to then was counted.
  ///   - now: processes of this scan.
  ///   - userName: names a user.
  mutating func add(
    _ exits: [TaskExit], since before: [ProcessReading], to now: [ProcessReading] = [], over interval: Interval,
    userName: (UInt64) -> String
  ) {
    scan += 1
    let ticksPerSecond = interval.ticksPerSecond
    (earlierLeaders, leaders) = (leaders, [:])
    let ancestors = ExitAncestors(exits, before, now)
    var ends: [Int32: Int32] = [:]
    for exit in exits where exit.pid != exit.process { ends[exit.process, default: 1] += 1 }
    for exit in exits {
      guard exit.pid == exit.process else {
        addThread(exit)
        continue
      }
      let cpu = exit.cpu &+ (threads.removeValue(forKey: exit.pid) ?? 0)
      let known = before.process(pid: exit.pid)
      var counted: UInt64 = 0
      if let known, ticksPerSecond > 0 { counted = UInt64(min(1e18, Double(known.cpuTicks) / ticksPerSecond * 1e6)) }
      let covered = min(cpu, counted)
      let workload = known?.workload ?? ancestors.nearest(of: exit)?.workload
      let place = place(of: Key(name: exit.name, user: userName(UInt64(exit.user)), workload: workload))
      readings[place].count += 1
      let room = interval.room(threads: known.map { Double(max($0.threads, ends[exit.pid] ?? 1)) } ?? .infinity)
      leaders[exit.pid] = Leader(place: place, isGuessed: known == nil, counted: counted - covered, room: room)
      grow(exit.pid, by: cpu - covered)
      readings[place].readBytes &+= exit.readBytes - min(exit.readBytes, known?.readBytes ?? 0)
      readings[place].writtenBytes &+= exit.writtenBytes - min(exit.writtenBytes, known?.writtenBytes ?? 0)
      readings[place].peakBytes = max(readings[place].peakBytes, exit.peakBytes)
    }
    settle(within: interval.room())
    if readings.count > Self.limit { shorten() }
  }

  /// Adds CPU time to an ended process, as far as it can have used it.
  private mutating func grow(_ process: Int32, by cpu: UInt64) {
    guard let leader = leaders[process] else { return }
    let used = min(cpu, leader.room)
    leaders[process]?.room -= used
    growth[leader.place, default: (0, 0)].cpu &+= used
    if leader.isGuessed { growth[leader.place]?.guessed &+= used }
    scans[leader.place] = scan
  }

  /// Adds this scan's CPU time to the counters; in proportion, if it is more than all CPUs have.
  private mutating func settle(within room: UInt64) {
    let sum = growth.values.reduce(0) { $0.addingReportingOverflow($1.cpu).overflow ? .max : $0 + $1.cpu }
    func share(_ cpu: UInt64) -> UInt64 { sum > room ? UInt64(Double(cpu) / Double(sum) * Double(room)) : cpu }
    for (place, used) in growth {
      readings[place].cpu &+= share(used.cpu)
      readings[place].guessed &+= share(used.guessed)
    }
    growth.removeAll(keepingCapacity: true)
  }

  /// Adds a thread that is not a process's main one.
  private mutating func addThread(_ exit: TaskExit) {
    guard var leader = leaders[exit.process] ?? earlierLeaders[exit.process] else {
      if threads.count >= Self.memory { threads.removeAll() }
      threads[exit.process, default: 0] &+= exit.cpu
      return
    }
    let covered = min(exit.cpu, leader.counted)
    leader.counted -= covered
    leaders[exit.process] = leader
    grow(exit.process, by: exit.cpu - covered)
  }

  private mutating func place(of key: Key) -> Int {
    if let place = places[key] { return place }
    serial += 1
    places[key] = readings.count
    readings.append(EndedReading(serial: serial, name: key.name, user: key.user, workload: key.workload))
    scans.append(scan)
    return readings.count - 1
  }

  private mutating func shorten() {
    let newest = readings.indices.sorted { left, right in
      scans[left] != scans[right] ? scans[left] > scans[right] : readings[left].cpu > readings[right].cpu
    }
    let kept = newest.prefix(Self.limit).sorted()
    (readings, scans) = (kept.map { readings[$0] }, kept.map { scans[$0] })
    places = [:]
    (leaders, earlierLeaders) = ([:], [:])
    for (place, reading) in readings.enumerated() {
      places[Key(name: reading.name, user: reading.user, workload: reading.workload)] = place
    }
  }
}
