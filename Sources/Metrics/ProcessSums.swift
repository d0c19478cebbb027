/// Use by the processes of each workload together.
///
/// A group's own counters also have the processes that ended; the difference is theirs. Where a group has no
/// counters (a version 1 hierarchy without it, a kernel that counts no I/O of groups), the sums stand for them.
struct ProcessSums {
  /// Use by the processes of one workload.
  struct Use {
    /// CPUs' worth of time of running processes.
    var cpu = 0.0
    /// The same of those that ended, as far as the system reports them.
    var endedCPU = 0.0
    /// Number of running processes.
    var count = 0
    /// Bytes per second, of ended ones as well; NaN where unknown.
    var read = Double.nan
    var written = Double.nan
  }

  private var uses: [String: Use] = [:]
  /// Whether the scans cover the time of the workloads' counters; those that are paced cover another one.
  let coversSpan: Bool
  /// Whether a group lacks counters that the sums stand for.
  private let standsForSome: Bool

  init(_ processes: ProcessSpan?, _ span: WorkloadSpan) {
    guard let processes, processes.elapsed.seconds > 0 else {
      (coversSpan, standsForSome) = (false, false)
      return
    }
    coversSpan = (0.8...1.25).contains(processes.elapsed.seconds / span.elapsed.seconds)
    let wantsCPU = span.current.all.contains { $0.cpu == nil }
    let wantsIO = span.current.all.contains { $0.readBytes == nil }
    standsForSome = wantsCPU || wantsIO
    guard coversSpan || standsForSome else { return }
    uses.reserveCapacity(span.current.all.count)
    addRunning(processes, wantsIO: wantsIO)
    if standsForSome { addEnded(processes) }
  }

  subscript(workload: String) -> Use? { uses[workload] }

  /// Whether the sums stand for counters that a group lacks.
  func stands(for workload: borrowing WorkloadReading) -> Bool {
    standsForSome && !workload.isGroup && (workload.cpu == nil || workload.readBytes == nil)
  }

  /// The sums of a workload in place of its counters; nil where it has no processes.
  func substitute(for workload: String) -> Use? { standsForSome ? uses[workload] : nil }

  private mutating func addRunning(_ span: ProcessSpan, wantsIO: Bool) {
    // Most processes belong to the workload of the one before, which needs no search.
    var last: (workload: String, use: Use)?
    span.forEachPlace { place, before, time in
      guard time.seconds > 0, let workload = span.current.all[place].workload else { return }
      if last?.workload != workload {
        if let last { uses[last.workload] = last.use }
        last = (workload, uses[workload] ?? Use())
      }
      let now = span.current.all[place].cpuTicks
      let ticks = now - min(now, before.map { span.before[$0].cpuTicks } ?? 0)
      last?.use.cpu += Double(ticks) * span.current.secondsPerTick / time.seconds
      last?.use.count += 1
      guard wantsIO, let use = last?.use else { return }
      let (read, written) = (span.current.all[place].readBytes, span.current.all[place].writtenBytes)
      let (readBefore, writtenBefore) =
        before.map { (span.before[$0].readBytes, span.before[$0].writtenBytes) } ?? (0, 0)
      last?.use.read = sum(use.read, Self.rate(readBefore, read, over: time))
      last?.use.written = sum(use.written, Self.rate(writtenBefore, written, over: time))
    }
    if let last { uses[last.workload] = last.use }
  }

  private mutating func addEnded(_ span: ProcessSpan) {
    for ended in span.ended() ?? [] {
      guard let workload = ended.workload else { continue }
      var use = uses[workload] ?? Use()
      if ended.cpu.isFinite { use.endedCPU += ended.cpu }
      use.read = sum(use.read, ended.readRate)
      use.written = sum(use.written, ended.writeRate)
      uses[workload] = use
    }
  }

  private static func rate(_ before: UInt64?, _ now: UInt64?, over time: Elapsed) -> Double {
    guard let now else { return .nan }
    return Double(now - min(now, before ?? 0)) / time.seconds
  }
}
