internal import AgentMetrics
internal import SystemIO

/// The control group of one workload: its names, its files, and its last counters.
final class WorkloadGroup {
  let found: WorkloadPath
  let serial: Int
  /// Whether it was made while the agent ran.
  let isNew: Bool
  /// The innermost workload around it, which its counters are taken from.
  let parent: WorkloadGroup?
  /// Number of its folder; a group that is made again has another one.
  let inode: UInt64
  /// Hierarchies that have it, a bit each.
  var trees: UInt32 = 0
  /// The last complete walk that saw it.
  var walk = 0
  var files: WorkloadFiles
  /// Its counters with those of the workloads inside it.
  var total: WorkloadReading
  /// Last counters of workloads that were inside it and are gone.
  private var departed: WorkloadReading?
  /// Number of workloads inside it.
  private var children = 0
  /// Number of reads, including those of only the two counters.
  var reads = 0
  /// Boot-time clock until which Samples keep it.
  var listedUntil = -Double.infinity
  /// Whether its engine's files were read, of a container or a pod.
  var isDescribed = false

  init(_ found: WorkloadPath, names: WorkloadNames, serial: Int, isNew: Bool, parent: WorkloadGroup?, inode: UInt64) {
    self.found = found
    self.serial = serial
    self.isNew = isNew
    self.parent = parent
    self.inode = inode
    files = WorkloadFiles()
    total = WorkloadReading(names: names, serial: serial)
    parent?.children += 1
  }

  deinit { files.close() }

  /// Ends it: its counters stay in those of the workload around it.
  func depart() {
    files.close()
    guard let parent else { return }
    parent.children -= 1
    var departed = parent.departed ?? WorkloadReading(names: parent.total.names, serial: parent.serial)
    for path in Self.counters {
      if let count = total[keyPath: path] {
        departed[keyPath: path] = (departed[keyPath: path] ?? 0) &+ count
      }
    }
    parent.departed = departed
  }

  /// Its counters without those of the workloads inside it.
  ///
  /// - Parameter inside: sums of the workloads inside it; nil without any.
  func own(without inside: WorkloadReading?) -> WorkloadReading {
    var own = total
    own.isNew = isNew
    own.isGroup = found.kind == .pod
    guard inside != nil || departed != nil else { return own }
    for path in Self.counters + Self.levels {
      guard let count = own[keyPath: path] else { continue }
      let others = (inside?[keyPath: path] ?? 0) &+ (departed?[keyPath: path] ?? 0)
      own[keyPath: path] = count - min(count, others)
    }
    // Highest values of different times cannot be subtracted.
    if inside != nil { own.memoryPeak = nil }
    return own
  }

  /// Adds its counters to the sums of the workload around it.
  func add(to sums: inout WorkloadReading) {
    for path in Self.counters + Self.levels {
      if let count = total[keyPath: path] { sums[keyPath: path] = (sums[keyPath: path] ?? 0) &+ count }
    }
  }

  private static let counters: [any WritableKeyPath<WorkloadReading, UInt64?> & Sendable] = [
    \.cpu, \.throttled, \.oomKills, \.readBytes, \.writtenBytes,
  ]
  private static let levels: [any WritableKeyPath<WorkloadReading, UInt64?> & Sendable] = [
    \.memory, \.inactiveFile, \.swap, \.tasks,
  ]
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
