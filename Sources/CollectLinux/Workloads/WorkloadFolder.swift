internal import AgentMetrics
internal import CSystemIO
internal import SystemIO

/// A control group around several workloads, such as a slice, whose CPU time includes theirs.
///
/// Most services of a machine are idle most of the time. Those that have used no CPU time for some passes are passed
/// over, as long as the time of the group around them is that of the workloads that are read.
final class WorkloadFolder {
  /// Minimum number of workloads for which its CPU time is read.
  static let minCount = 3
  /// Microseconds of CPU time that the workloads which are passed over may have used together.
  static let slack: UInt64 = 1_000

  let path: String
  /// Number of workloads directly below it.
  var count = 0
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

  init(path: String) {
    self.path = path
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

  /// Whether workloads that were passed over have used CPU time.
  var isAwake: Bool { !asleep.isEmpty && (growth ?? .max) > read &+ Self.slack }
}
