/// The workloads of a machine: those that use the most, and the sums of all others.
///
/// The workloads and ``unattributedCPU`` together are the machine: each process belongs to at most one workload.
package struct Workloads: MetricGroup, Hashable {
  /// Workloads per measure in ``top``.
  package static let topCount = 16
  /// Share of a limit from which a workload is always in ``top``.
  static let nearLimit = 0.9
  /// Upper bound of ``top``.
  static let maxTop = 96

  /// Number of workloads, groups of workloads included.
  package var total = 0
  /// Workloads that used CPU time in the interval.
  package var active = Double.nan
  /// CPU time per second outside of all workloads, in CPUs: kernel threads, interrupts, groups without accounting.
  package var unattributedCPU = Double.nan
  /// Union of the heaviest by each measure; most CPU first.
  package var top: [Workload] = []
  /// Sums of the workloads that are not in ``top``.
  package var rest: WorkloadRest?

  package init() {}

  /// Values of the same interval that workloads are joined with.
  package struct Context {
    /// The machine's CPU time per second, in CPUs.
    package var machineCPU = Double.nan
    package var processes: ProcessSpan?
    package var gpus: [GPU] = []
    /// Sums of `processes` in the same span, if the caller has them.
    var sums: ProcessSums?

    package init() {}
  }

  /// Ranks the workloads of a span.
  ///
  /// - Parameter keepsAll: whether ``top`` has all of them.
  package init(_ span: WorkloadSpan, in context: Context, keepsAll: Bool = false) {
    let count = span.current.all.count
    let gpus = Self.gpuUse(context.gpus, context.processes?.current)
    let live = context.sums ?? ProcessSums(context.processes, span, machineCPU: context.machineCPU)
    var ranking = WorkloadRanking(count: count)
    // Of each workload, found once: the search is by its id.
    var substitutes: [ProcessSums.Use?] = []
    substitutes.reserveCapacity(count)
    span.forEach { index, start in
      guard span.isListed(index, start) else { return substitutes.append(nil) }
      total += 1
      let substitute = live.substitute(for: span.current.all[index])
      substitutes.append(substitute)
      let gpu = gpus.isEmpty ? nil : gpus[span.current.all[index].names.id]
      ranking.offer(index, start, span, gpu: gpu, processes: substitute)
    }
    ranking.finish()
    var rest = WorkloadRest()
    var attributed = total == 0 ? 0 : Double.nan
    var active = 0
    var chosen: [Workload] = []
    span.forEach { index, start in
      guard span.isListed(index, start) else { return }
      var cpu = span.rate(index, start, unit: 1e-6) { $0.cpu }
      let isGroup = span.current.all[index].isGroup
      let substitute = substitutes[index]
      if let substitute, span.current.all[index].cpu == nil { cpu = substitute.cpu + substitute.endedCPU }
      if cpu > 0 { active += 1 }
      if !isGroup { attributed = sum(attributed, cpu) }
      guard keepsAll || ranking.isChosen[index] else {
        if !isGroup { rest.add(index, start, span, cpu: cpu) }
        return
      }
      var workload = span.workload(index, start)
      if let substitute { workload.setUse(substitute) }
      if live.coversSpan, span.current.all[index].cpu != nil {
        workload.setEnded(substitute ?? live[workload.id], over: span.elapsed)
      }
      if let share = gpus[workload.id] { workload.setGPU(share) }
      chosen.append(workload)
    }
    if span.elapsed.seconds.isFinite { self.active = Double(active) }
    // Clocks and counters are read one after the other.
    let unattributed = context.machineCPU - attributed
    unattributedCPU = unattributed < 0 ? 0 : unattributed
    if rest.count > 0 { self.rest = rest }
    // Indexes, because a workload is large.
    top = chosen.indices.sorted { Self.precedes(chosen[$0], chosen[$1]) }.map { chosen[$0] }
  }

  /// CPU time per second of all workloads, in CPUs.
  package var attributedCPU: Double {
    top.reduce(rest?.cpu ?? .nan) { $1.isGroup ? $0 : sum($0, $1.cpu) }
  }

  /// Orders by CPU, then by memory, both descending, then by id.
  package static func precedes(_ left: Workload, _ right: Workload) -> Bool {
    let (first, second) = (left.cpu.isFinite ? left.cpu : -1, right.cpu.isFinite ? right.cpu : -1)
    if first != second { return first > second }
    let (more, less) = (left.memory.isFinite ? left.memory : -1, right.memory.isFinite ? right.memory : -1)
    return more != less ? more > less : left.id < right.id
  }

  /// Replaces the use of GPUs by other values of the same interval, such as means of several readings.
  package mutating func setGPUs(_ gpus: [GPU], _ scan: ProcessesReading?) {
    let use = Self.gpuUse(gpus, scan)
    for index in top.indices {
      if let share = use[top[index].id] { top[index].setGPU(share) }
    }
  }

  /// Use of GPUs by the workload of the process.
  private static func gpuUse(_ gpus: [GPU], _ scan: ProcessesReading?) -> [String: GPUShare] {
    guard let scan, gpus.contains(where: { $0.processes != nil }) else { return [:] }
    var use: [String: GPUShare] = [:]
    for (pid, share) in GPUShare.byProcess(of: gpus) {
      guard let workload = scan.process(pid: pid)?.workload else { continue }
      if use[workload] == nil { use[workload] = share } else { use[workload]?.add(share) }
    }
    return use
  }

  package static let table = Table<Workloads>([
    .gauge(
      "total", .count, "Workloads: containers, services, sessions, jobs and others", source: "control groups", \.total
    ).titled("Workloads", "ワークロード"),
    .gauge("active", .count, "Workloads that used CPU time", source: "control groups", \.active).rate,
    .gauge(
      "unattributed_cpu", .cores, "CPUs' worth of time outside of all workloads",
      source: "/proc/stat − sum of the workloads", \.unattributedCPU
    ).rate,
    .list(
      "top", keys: [Label("workload") { $0.id }, Label("kind") { $0.kind.rawValue }], isSeries: false, isExported: true,
      Workload.table, \.top),
    .part("rest", WorkloadRest.table, \.rest),
  ])
}

/// Sums of several workloads.
package struct WorkloadRest: MetricGroup, Hashable {
  package var count = 0
  package var cpu = Double.nan
  package var memory = Double.nan
  package var readRate = Double.nan
  package var writeRate = Double.nan
  package var tasks = Double.nan

  package init() {}

  /// Adds a workload by its counters; without its names, since hundreds are added in each interval.
  mutating func add(_ index: Int, _ start: WorkloadSpan.Start, _ span: WorkloadSpan, cpu used: Double) {
    count += 1
    cpu = sum(cpu, used)
    memory = sum(memory, metric(span.current.all[index].memory))
    readRate = sum(readRate, span.rate(index, start) { $0.readBytes })
    writeRate = sum(writeRate, span.rate(index, start) { $0.writtenBytes })
    tasks = sum(tasks, metric(span.current.all[index].tasks))
  }

  package static let table = Table<WorkloadRest>([
    .gauge("count", .count, "Workloads that are not listed", source: "control groups", \.count),
    .gauge("cpu", .cores, "CPUs' worth of time that they used", source: "cpu.stat; cpuacct.usage", \.cpu).rate,
    .gauge("memory_bytes", .bytes, "Memory charged to them", source: "memory.current; memory.usage_in_bytes", \.memory),
    .gauge(
      "read_bytes_per_sec", .bytesPerSecond, "Read from block devices", source: "io.stat; blkio.throttle", \.readRate
    ).rate,
    .gauge(
      "write_bytes_per_sec", .bytesPerSecond, "Written to block devices", source: "io.stat; blkio.throttle",
      \.writeRate
    ).rate,
    .gauge("tasks", .count, "Tasks", source: "pids.current", \.tasks),
  ])
}

extension Workload {
  /// Sets the CPU time of ended processes: the group's own counter has it, the live processes have not.
  ///
  /// Differences within the precision of the ticks are 0.
  fileprivate mutating func setEnded(_ live: ProcessSums.Use?, over elapsed: Elapsed) {
    guard cpu.isFinite, !isGroup else { return }
    let difference = cpu - (live?.cpu ?? 0)
    let precision = max(0.02 * cpu, 0.01 * Double(max(1, live?.count ?? 0)) / elapsed.seconds)
    endedCPU = difference > precision ? Float(difference) : 0
  }

  /// Sets values without counters of the group from its processes.
  fileprivate mutating func setUse(_ use: ProcessSums.Use) {
    if cpuTotal.isNaN {
      cpu = use.cpu + use.endedCPU
      endedCPU = Float(use.endedCPU)
    }
    if readTotal.isNaN, writtenTotal.isNaN { (readRate, writeRate) = (use.read, use.written) }
  }

  fileprivate mutating func setGPU(_ share: GPUShare) {
    gpu = Float(share.util)
    gpuMemory = share.memory
    gpuPower = Float(share.power)
  }
}

/// Chooses the heaviest workloads by each measure.
private struct WorkloadRanking {
  private var best = [[(measure: UInt64, index: Int)]](repeating: [], count: 5)
  private(set) var isChosen: [Bool]
  private var chosen = 0
  /// Workloads that no later sample has.
  private var ended: [Int] = []

  init(count: Int) {
    isChosen = Array(repeating: false, count: count)
  }

  /// Chooses the workloads of all measures, after all were offered.
  mutating func finish() {
    for list in best { for entry in list { choose(entry.index) } }
    for index in ended { choose(index) }
  }

  private mutating func offer(_ list: Int, _ measure: UInt64, _ index: Int) {
    guard measure > 0 else { return }
    if best[list].count == Workloads.topCount {
      guard measure > best[list][Workloads.topCount - 1].measure else { return }
      best[list].removeLast()
    }
    let place = best[list].firstIndex { measure > $0.measure } ?? best[list].count
    best[list].insert((measure, index), at: place)
  }

  mutating func offer(
    _ index: Int, _ start: WorkloadSpan.Start, _ span: WorkloadSpan, gpu: GPUShare?, processes: ProcessSums.Use?
  ) {
    @inline(__always)
    func growth(_ count: (borrowing WorkloadReading) -> UInt64?) -> UInt64 {
      span.elapsed.seconds.isFinite ? span.growth(index, start, count) ?? 0 : 0
    }
    let memory = span.current.all[index].memory ?? 0
    func amount(_ rate: Double) -> UInt64 { rate > 0 ? UInt64(min(1e18, rate * span.elapsed.seconds)) : 0 }
    let isKnown = span.elapsed.seconds.isFinite
    let cpu = isKnown ? amount(((processes?.cpu ?? 0) + (processes?.endedCPU ?? 0)) * 1e6) : 0
    let bytes = isKnown ? amount(sum(processes?.read ?? .nan, processes?.written ?? .nan)) : 0
    offer(0, span.current.all[index].cpu == nil ? cpu : growth { $0.cpu }, index)
    offer(1, memory, index)
    let counted = growth { $0.readBytes } &+ growth { $0.writtenBytes }
    offer(2, span.current.all[index].readBytes == nil ? bytes : counted, index)
    offer(3, max(growth { $0.cpuStall }, growth { $0.memoryStall }, growth { $0.ioStall }), index)
    if let gpu { offer(4, UInt64(max(1, gpu.memory.isFinite ? min(gpu.memory, 1e18) : 1)), index) }
    let limit = span.current.all[index].memoryLimit.map { Double($0) } ?? .infinity
    let isNearLimit = Double(memory) >= Workloads.nearLimit * limit
    if span.current.all[index].isListed || isNearLimit || growth({ $0.oomKills }) > 0 { choose(index) }
    if span.current.all[index].isGone { ended.append(index) }
  }

  private mutating func choose(_ index: Int) {
    guard !isChosen[index], chosen < Workloads.maxTop else { return }
    isChosen[index] = true
    chosen += 1
  }
}
