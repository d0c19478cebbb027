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
  /// CPU time of ended threads, by their processes.
  private var threads: [Int32: UInt64] = [:]
  private var scan = 0

  /// Adds the exits since the last scan.
  ///
  /// - Parameters:
  ///   - before: processes of the last scan, whose CPU time up to then was counted.
  ///   - userName: names a user.
  mutating func add(
    _ exits: [TaskExit], since before: [ProcessReading], ticksPerSecond: Double, userName: (UInt64) -> String
  ) {
    scan += 1
    // A build's compilers are children of shells that have ended, too.
    var parents = [Int32: Int32](minimumCapacity: exits.count)
    for exit in exits where exit.pid == exit.process { parents[exit.pid] = exit.parent }
    for exit in exits {
      guard exit.pid == exit.process else {
        if threads.count >= Self.memory { threads.removeAll() }
        threads[exit.process, default: 0] &+= exit.cpu
        continue
      }
      var cpu = exit.cpu &+ (threads.removeValue(forKey: exit.pid) ?? 0)
      let known = before.process(pid: exit.pid)
      if let known, ticksPerSecond > 0 {
        let counted = UInt64(min(1e18, Double(known.cpuTicks) / ticksPerSecond * 1e6))
        cpu -= min(cpu, counted)
      }
      let ancestor = known ?? Self.ancestor(of: exit, parents, in: before)
      let place = place(
        of: Key(name: exit.name, user: userName(UInt64(exit.user)), workload: ancestor?.workload))
      readings[place].count += 1
      readings[place].cpu &+= cpu
      readings[place].readBytes &+= exit.readBytes - min(exit.readBytes, known?.readBytes ?? 0)
      readings[place].writtenBytes &+= exit.writtenBytes - min(exit.writtenBytes, known?.writtenBytes ?? 0)
      readings[place].peakBytes = max(readings[place].peakBytes, exit.peakBytes)
      scans[place] = scan
    }
    if readings.count > Self.limit { shorten() }
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
    for (place, reading) in readings.enumerated() {
      places[Key(name: reading.name, user: reading.user, workload: reading.workload)] = place
    }
  }

  /// The nearest ancestor that was running at the last scan.
  private static func ancestor(
    of exit: TaskExit, _ parents: [Int32: Int32], in before: [ProcessReading]
  ) -> ProcessReading? {
    var pid = exit.parent
    for _ in 0..<16 {
      if let process = before.process(pid: pid) { return process }
      guard let parent = parents[pid] else { return nil }
      pid = parent
    }
    return nil
  }
}
