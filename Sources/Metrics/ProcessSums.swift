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

  private var uses: [Use] = []
  /// Index in `uses` by the workload's id.
  private var places: [String: Int] = [:]
  /// CPUs' worth of time of running processes without a workload.
  private(set) var cpuOutside = 0.0
  /// Whether the scans cover the time of the workloads' counters; those that are paced cover another one.
  let coversSpan: Bool
  /// Whether a group lacks counters that the sums stand for.
  private let standsForSome: Bool
  /// Ended processes, most CPU time first; nil where unknown.
  private(set) var ended: [EndedProcesses]?

  /// - Parameter machineCPU: the machine's CPU time per second, in CPUs; NaN where unknown.
  init(_ processes: ProcessSpan?, _ span: WorkloadSpan, machineCPU: Double) {
    guard let processes, processes.elapsed.seconds > 0 else {
      (coversSpan, standsForSome) = (false, false)
      return
    }
    ended = processes.ended()
    let hasEnded = ended?.contains { $0.cpu > 0 } ?? false
    coversSpan = (0.8...1.25).contains(processes.elapsed.seconds / span.elapsed.seconds)
    let wantsCPU = span.current.all.contains { $0.cpu == nil }
    let wantsIO = span.current.all.contains { $0.readBytes == nil }
    standsForSome = wantsCPU || wantsIO
    guard coversSpan || standsForSome || hasEnded else { return }
    uses.reserveCapacity(span.current.all.count)
    places.reserveCapacity(span.current.all.count)
    addRunning(processes, wantsIO: wantsIO)
    if hasEnded, let ended {
      var guesses = EndedGuesses(self, span, ended, machineCPU: machineCPU)
      self.ended = guesses.corrected(ended)
    }
    if standsForSome { addEnded() }
  }

  subscript(workload: String) -> Use? { places[workload].map { uses[$0] } }

  /// The sums of a workload in place of counters that its group lacks; nil where it has all, or no processes.
  func substitute(for workload: borrowing WorkloadReading) -> Use? {
    guard standsForSome, !workload.isGroup, workload.cpu == nil || workload.readBytes == nil else { return nil }
    return self[workload.names.id]
  }

  /// Index of a workload's sums in `uses`, which begin at zero.
  private mutating func place(of workload: String) -> Int {
    if let known = places[workload] { return known }
    places[workload] = uses.count
    uses.append(Use())
    return uses.count - 1
  }

  private mutating func addRunning(_ span: ProcessSpan, wantsIO: Bool) {
    // Most processes belong to the workload of the one before, which needs no search.
    var last: (workload: String, use: Int)?
    span.forEachPlace { place, before, time in
      guard time.seconds > 0 else { return }
      let now = span.current.all[place].cpuTicks
      let ticks = now - min(now, before.map { span.before[$0].cpuTicks } ?? 0)
      let cpu = Double(ticks) * span.current.secondsPerTick / time.seconds
      guard let workload = span.current.all[place].workload else {
        cpuOutside += cpu
        return
      }
      if last?.workload != workload { last = (workload, self.place(of: workload)) }
      guard let use = last?.use else { return }
      uses[use].cpu += cpu
      uses[use].count += 1
      guard wantsIO else { return }
      let (read, written) = (span.current.all[place].readBytes, span.current.all[place].writtenBytes)
      let (readBefore, writtenBefore) =
        before.map { (span.before[$0].readBytes, span.before[$0].writtenBytes) } ?? (0, 0)
      uses[use].read = sum(uses[use].read, Self.rate(readBefore, read, over: time))
      uses[use].written = sum(uses[use].written, Self.rate(writtenBefore, written, over: time))
    }
  }

  private mutating func addEnded() {
    for ended in ended ?? [] {
      guard let workload = ended.workload else { continue }
      let use = place(of: workload)
      if ended.cpu.isFinite { uses[use].endedCPU += ended.cpu }
      uses[use].read = sum(uses[use].read, ended.readRate)
      uses[use].written = sum(uses[use].written, ended.writeRate)
    }
  }

  private static func rate(_ before: UInt64?, _ now: UInt64?, over time: Elapsed) -> Double {
    guard let now else { return .nan }
    return Double(now - min(now, before ?? 0)) / time.seconds
  }
}
