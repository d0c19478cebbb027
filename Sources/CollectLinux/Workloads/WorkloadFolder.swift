internal import AgentMetrics
internal import CSystemIO
internal import SystemIO

/// A control group around several workloads, such as a slice, whose CPU time includes theirs.
///
/// Most services of a machine are idle most of the time. Those that have used no CPU time for some passes are passed
/// over, as long as the time of the group around them is that of the workloads that are read.
///
/// Its remainder is its CPU time without that of the workloads in it. It grows by workloads that came and went between two
/// passes, and by the use of others after their last reading.
final class WorkloadFolder {
  /// Minimum number of workloads for which its CPU time is read.
  static let minCount = 3
  /// Microseconds of CPU time that the workloads which are passed over may have used together.
  static let slack: UInt64 = 1_000

  /// Microseconds up to which a remainder is the difference between the times of readings.
  private static let precision: Int64 = 2_000

  /// A workload that has gone since the last pass, or that came and went.
  struct Departure {
    /// nil for several workloads, or unknown ones.
    var found: WorkloadPath?
    /// nil where no pass has seen it.
    var group: WorkloadGroup?
    /// Passes for which the remainder may be its.
    var passes = 1
  }

  let path: String
  /// The folder around it, whose CPU time includes its; nil where that is a workload or unknown.
  let parent: WorkloadFolder?
  /// The innermost workload around it.
  let owner: WorkloadGroup?
  /// Whether it is a workload, which the remainder belongs to.
  let isWorkload: Bool
  /// Whether it is a pod, whose own group counts for the folder around it.
  let isPod: Bool
  /// Whether it was made since the last pass.
  var isNew: Bool
  /// Number of workloads directly below it.
  var count = 0
  /// Workloads that went since the last pass, by path.
  var gone: [String: Departure] = [:]
  /// Workloads that came since the last pass, by path.
  var came: [String: WorkloadGroup] = [:]
  /// CPU time of workloads that have gone, by their last readings.
  private var departed: Int64 = 0
  /// CPU time of the workloads directly below it, and of the folders there.
  var present: Int64 = 0
  var inner: Int64 = 0
  /// Its CPU time without that of known workloads, as far as it was taken into account; nil before it is known.
  private var level: Int64?
  /// Passes that have read it; the first, which takes longer, may find a remainder that is too small by far.
  private var baselines = 0
  private static let minBaselines = 3
  /// The sum of the workloads that have ended in it; nil before there is any.
  var ended: WorkloadGroup?
  /// Whether its CPU time was read at this pass.
  var isRead = false
  /// Its file with the CPU time; -1 if closed.
  private(set) var descriptor: Int32 = -1
  /// Whether it may stay open between passes.
  private(set) var mayStayOpen = false
  /// The pass at which a file that could not be read is tried again.
  var retry = 0
  /// Its counters; only the CPU time is read.
  var total: WorkloadReading
  /// Microseconds of CPU time since the last pass; nil where unknown.
  private var growth: UInt64?
  /// The part of it that workloads have used that were read.
  private var read: UInt64 = 0
  /// Workloads that this pass has passed over.
  private(set) var asleep: [WorkloadGroup] = []

  /// What surrounds a folder.
  struct Surroundings {
    var parent: WorkloadFolder?
    var owner: WorkloadGroup?
    var isWorkload = false
    var isPod = false
  }

  init(path: String, in surroundings: Surroundings, isNew: Bool) {
    self.path = path
    (parent, owner) = (surroundings.parent, surroundings.owner)
    (isWorkload, isPod, self.isNew) = (surroundings.isWorkload, surroundings.isPod, isNew)
    total = WorkloadReading(names: WorkloadNames(kind: .other, id: path, name: path, path: path), serial: 0)
  }

  deinit { close() }

  func open(_ path: [CChar], mayStayOpen: Bool) {
    descriptor = csystemio_open_read(path)
    self.mayStayOpen = mayStayOpen && Descriptors.mayBeKept(descriptor)
  }

  func close() {
    if descriptor >= 0 { SystemIO.close(descriptor) }
    descriptor = -1
  }

  /// Begins a pass, after its CPU time was read.
  ///
  /// - Parameter last: CPU time at the last pass; nil where unknown.
  func begin(since last: UInt64?) {
    asleep.removeAll(keepingCapacity: true)
    read = 0
    growth = nil
    if let last, let now = total.cpu, now >= last { growth = now - last }
  }

  /// Passes over a workload; false if it must be read.
  func passOver(_ group: WorkloadGroup) -> Bool {
    guard growth != nil else { return false }
    asleep.append(group)
    return true
  }

  /// Counts the CPU time of a workload that was read.
  func add(from last: UInt64?, to now: UInt64?) {
    if let last, let now, now > last { read &+= now - last }
  }

  /// Whether workloads came or went in it.
  var isChanged: Bool { !gone.isEmpty || !came.isEmpty }

  /// Whether its CPU time is needed for its remainder, besides that of idle workloads.
  var isDue: Bool { !isWorkload && (isChanged || baselines < Self.minBaselines || parent?.isChanged ?? false) }

  /// Counts the last CPU time of a workload or folder that has gone.
  func addDeparted(_ cpu: Int64) { departed &+= cpu }

  /// Whether the folder around it counts its CPU time as a folder's, not as a workload's.
  var countsInParent: Bool { !isWorkload && !isPod }

  /// Lets go of workloads, which refer to it.
  func forget() {
    (gone, came, ended) = ([:], [:], nil)
    asleep.removeAll()
    (present, inner) = (0, 0)
  }

  /// CPU time of all that was in it, as far as it is known.
  var known: Int64 { max(0, level ?? 0) &+ present &+ inner &+ departed }

  /// Microseconds of CPU time since the last call that workloads have used which came or went; 0 before the folder's own
  /// is known.
  ///
  /// Workloads are read after the folder, so that a remainder may be too small: the highest counts.
  func settle() -> UInt64 {
    guard isRead, let total = total.cpu else { return 0 }
    let rest = Int64(clamping: total) &- present &- inner &- departed
    baselines = min(baselines + 1, Self.minBaselines)
    let level = level ?? (isNew ? 0 : rest)
    guard isChanged else {
      self.level = max(level, rest)
      return 0
    }
    guard rest > level + Self.precision else {
      self.level = level
      return 0
    }
    self.level = rest
    return UInt64(rest - level)
  }

  /// Ends a pass.
  func endChanges() {
    isNew = false
    came.removeAll(keepingCapacity: true)
    guard !gone.isEmpty else { return }
    gone = gone.compactMapValues { departure in
      var departure = departure
      departure.passes -= 1
      return departure.passes > 0 ? departure : nil
    }
  }

  /// Whether workloads that were passed over have used CPU time.
  var isAwake: Bool { !asleep.isEmpty && (growth ?? .max) > read &+ Self.slack }
}
