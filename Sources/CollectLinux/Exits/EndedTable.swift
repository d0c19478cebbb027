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

  private var entries: [Key: (reading: EndedReading, scan: Int)] = [:]
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
      let known = Self.process(exit.pid, in: before)
      if let known, ticksPerSecond > 0 {
        let counted = UInt64(Double(known.cpuTicks) / ticksPerSecond * 1e6)
        cpu -= min(cpu, counted)
      }
      let ancestor = known ?? Self.ancestor(of: exit, parents, in: before)
      let key = Key(name: exit.name, user: userName(UInt64(exit.user)), workload: ancestor?.workload)
      var reading = entries[key]?.reading ?? EndedReading(name: key.name, user: key.user, workload: key.workload)
      reading.count += 1
      reading.cpu &+= cpu
      reading.readBytes &+= exit.readBytes - min(exit.readBytes, known?.readBytes ?? 0)
      reading.writtenBytes &+= exit.writtenBytes - min(exit.writtenBytes, known?.writtenBytes ?? 0)
      reading.peakBytes = max(reading.peakBytes, exit.peakBytes)
      entries[key] = (reading, scan)
    }
    guard entries.count > Self.limit else { return }
    let newest = entries.sorted {
      $0.value.scan != $1.value.scan ? $0.value.scan > $1.value.scan : $0.value.reading.cpu > $1.value.reading.cpu
    }
    entries = Dictionary(uniqueKeysWithValues: newest.prefix(Self.limit).map { ($0.key, $0.value) })
  }

  /// The counters, by name.
  var readings: [EndedReading] {
    entries.values.map(\.reading).sorted {
      ($0.name, $0.user, $0.workload ?? "") < ($1.name, $1.user, $1.workload ?? "")
    }
  }

  /// The nearest ancestor that was running at the last scan.
  private static func ancestor(
    of exit: TaskExit, _ parents: [Int32: Int32], in before: [ProcessReading]
  ) -> ProcessReading? {
    var pid = exit.parent
    for _ in 0..<16 {
      if let process = process(pid, in: before) { return process }
      guard let parent = parents[pid] else { return nil }
      pid = parent
    }
    return nil
  }

  private static func process(_ pid: Int32, in all: [ProcessReading]) -> ProcessReading? {
    var (low, high) = (0, all.count)
    while low < high {
      let middle = (low + high) / 2
      if all[middle].pid < pid { low = middle + 1 } else { high = middle }
    }
    return low < all.count && all[low].pid == pid ? all[low] : nil
  }
}
