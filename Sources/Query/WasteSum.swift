package import AgentMetrics

/// Sums resources that workloads or users hold without use, sample by sample.
package struct WasteSum {
  /// Maximum number of entries; later ones are summed as one.
  static let maxEntries = 20_000

  private struct Entry {
    var waste = Waste()
    var gpus: Set<Int> = []
    /// Byte-seconds of GPU memory while idle, and the seconds with at least one idle GPU.
    var idleBytes = 0.0
    var idleTime = 0.0
    /// Sum of the share of throttled periods × seconds, and those seconds.
    var throttled = 0.0
    var throttledTime = 0.0
  }

  /// Use of one GPU by one holder in a sample.
  private struct Hold {
    var util = Double.nan
    var memory = Double.nan
    var name = ""
    var user: String?
  }

  private let grouping: WasteGrouping
  private var entries: [String: Entry] = [:]
  /// Throttled seconds of each workload in the last sample that had them, and its time.
  private var counters: [String: (total: Double, time: Double)] = [:]
  /// Workload id of each service, from processes that have both.
  private var services: [String: String] = [:]
  /// The workloads of the last sample where it listed every one, so that one that appears later has begun since; nil
  /// where it did not.
  private var listed: Set<String>?
  private var window: SampleWindow
  /// Time of the last sample, in the window or not.
  private var last = Double.nan
  private var report = WasteReport()

  /// Seconds before a window in which the last sample before it is looked for.
  package static let lead = 600.0

  /// Creates an empty sum.
  ///
  /// - Parameter window: by default that of all samples. Of earlier samples only the counters count, from which the growth
  ///   in the window's first sample follows.
  package init(by grouping: WasteGrouping, in window: SampleWindow = SampleWindow()) {
    self.window = window
    self.grouping = grouping
    report.grouping = grouping
  }

  /// Adds the next sample, in the order of time; also those of some time before the window, and the first one after it.
  package mutating func add(_ sample: Sample) {
    let time = sample.timestamp.seconds
    let part = window.add(sample)
    let before = last.isNaN ? part.begin : last
    last = time
    defer { listed = sample.workloads.flatMap { $0.rest == nil ? Set($0.top.lazy.map(\.id)) : nil } }
    guard time > window.start || part.isInside else { return remember(sample) }
    guard part.isInside || window.share(from: before, to: time) > 0 else { return }
    let seconds = part.seconds
    if part.isInside {
      report.samples += 1
      if report.from.isNaN { report.from = max(window.start, part.begin) }
      report.to = min(time, window.end)
      report.covered += seconds
    }
    if services.count > Self.maxEntries { services = [:] }
    for process in sample.processes?.top ?? [] {
      if let service = process.service, let workload = process.workload { services[service] = workload }
    }
    var workloads: [String: Workload] = [:]
    for workload in sample.workloads?.top ?? [] where !workload.isGroup {
      workloads[workload.id] = workload
      workloads[workload.name] = workload
      addThrottling(of: workload, part, at: time, since: before)
    }
    guard part.isInside else { return }
    var idle: [String: Double] = [:]
    for gpu in sample.gpus {
      Self.plus(&report.gpuTime, seconds)
      Self.plus(&report.energy, gpu.power * seconds)
      if gpu.util < WasteReport.idleUse {
        Self.plus(&report.gpuIdle, seconds)
        Self.plus(&report.idleEnergy, gpu.power * seconds)
      }
      addHolders(of: gpu, seconds, workloads, idle: &idle)
    }
    for (id, memory) in idle {
      entries[id]?.idleBytes += memory * seconds
      entries[id]?.idleTime += seconds
    }
  }

  /// The largest wastes: idle GPU time, then energy, then throttling.
  ///
  /// - Parameter limit: maximum number of entries.
  package func report(limit: Int) -> WasteReport {
    var report = report
    let wastes = entries.values.map { entry in
      var waste = entry.waste
      if entry.idleTime > 0, entry.idleBytes > 0 { waste.idleMemory = entry.idleBytes / entry.idleTime }
      if entry.throttledTime > 0 { waste.throttledShare = entry.throttled / entry.throttledTime }
      if !entry.gpus.isEmpty { waste.gpus = entry.gpus.sorted().map(String.init).joined(separator: ",") }
      return waste
    }.filter { $0.gpuHeld > 0 || $0.throttled > 0 }
    func order(_ waste: Waste) -> [Double] {
      [waste.gpuIdle, waste.idleEnergy, waste.throttled, waste.gpuHeld].map { $0.isFinite ? $0 : 0 }
    }
    let sorted = wastes.map { ($0, order($0)) }.sorted { left, right in
      left.1 == right.1 ? left.0.id < right.0.id : right.1.lexicographicallyPrecedes(left.1)
    }
    report.entries = sorted.prefix(limit).map(\.0)
    if sorted.count > limit { report.moreEntries = Double(sorted.count - limit) }
    return report
  }

  /// Keeps the counters of a sample before the window.
  private mutating func remember(_ sample: Sample) {
    for workload in sample.workloads?.top ?? [] where !workload.isGroup && workload.throttledTotal.isFinite {
      if counters.count >= Self.maxEntries { counters = [:] }
      counters[workload.id] = (workload.throttledTotal, sample.timestamp.seconds)
    }
  }

  // MARK: Entries

  private mutating func addThrottling(
    of workload: Workload, _ part: SampleWindow.Part, at time: Double, since before: Double
  ) {
    let total = workload.throttledTotal
    let last = counters[workload.id]
    if total.isFinite {
      if last == nil, counters.count >= Self.maxEntries { counters = [:] }
      counters[workload.id] = (total, time)
    }
    // A counter that fell is another group of the same name. That of a group that appears begins at 0, while one that
    // appears later is that of a limit which was found after it was set.
    let isNew = listed.map { !$0.contains(workload.id) } ?? false
    let whole = last.map { total >= $0.total ? total - $0.total : total } ?? (isNew ? total : .nan)
    let growth = whole * window.share(from: last?.time ?? before, to: time)
    guard growth.isFinite || workload.throttled.isFinite else { return }
    guard grouping == .workload || workload.user != nil else { return }
    let id = grouping == .workload ? workload.id : workload.user ?? ""
    let name = grouping == .workload ? workload.name : id
    update(id, name, grouping == .workload ? workload.user : nil) { entry in
      Self.plus(&entry.waste.throttled, growth)
      guard workload.throttled.isFinite else { return }
      entry.throttled += Double(workload.throttled) * part.seconds
      entry.throttledTime += part.seconds
    }
  }

  private mutating func addHolders(
    of gpu: GPU, _ seconds: Double, _ workloads: [String: Workload], idle: inout [String: Double]
  ) {
    var holds: [String: Hold] = [:]
    let processes = gpu.processes ?? []
    for process in processes {
      let (id, name) = holder(process, workloads)
      var hold = holds[id] ?? Hold(name: name, user: grouping == .workload ? process.user : nil)
      Self.plus(&hold.util, process.util)
      Self.plus(&hold.memory, process.vram)
      holds[id] = hold
    }
    let time = processes.reduce(0) { $0 + ($1.util.isFinite ? $1.util : 0) }
    let memory = processes.reduce(0) { $0 + ($1.vram.isFinite ? $1.vram : 0) }
    for (id, hold) in holds {
      // A driver that reports no use by process reports that of the GPU.
      let use = hold.util.isFinite ? hold.util : gpu.util
      let part = time > 0 ? hold.util / time : hold.memory / memory
      let energy = gpu.power * part * seconds
      let isIdle = use < WasteReport.idleUse
      let key = update(id, hold.name, hold.user) { entry in
        entry.gpus.insert(gpu.index)
        Self.plus(&entry.waste.gpuHeld, seconds)
        Self.plus(&entry.waste.energy, energy)
        guard isIdle else { return }
        Self.plus(&entry.waste.gpuIdle, seconds)
        Self.plus(&entry.waste.idleEnergy, energy)
      }
      if isIdle { idle[key, default: 0] += hold.memory.isFinite ? hold.memory : 0 }
    }
  }

  private func holder(_ process: GPUProcess, _ workloads: [String: Workload]) -> (id: String, name: String) {
    switch grouping {
    case .user:
      let user = process.user ?? "(unknown)"
      return (user, user)
    case .workload:
      guard let service = process.service else { return ("(none)", "outside of workloads") }
      let id = services[service] ?? service
      return workloads[id].map { ($0.id, $0.name) } ?? (id, service)
    }
  }

  @discardableResult
  private mutating func update(_ id: String, _ name: String, _ user: String?, _ body: (inout Entry) -> Void) -> String {
    let isFull = entries[id] == nil && entries.count >= Self.maxEntries
    let key = isFull ? "(other)" : id
    var entry = entries[key] ?? Entry()
    (entry.waste.id, entry.waste.name) = (key, isFull ? key : name)
    if !isFull { entry.waste.user = user ?? entry.waste.user }
    body(&entry)
    entries[key] = entry
    return key
  }

  private static func plus(_ sum: inout Double, _ value: Double) {
    sum = sum.isNaN ? value : value.isNaN ? sum : sum + value
  }
}
