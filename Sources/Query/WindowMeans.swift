package import AgentMetrics

/// Means of the samples around one time, by subject and measure.
package struct WindowMeans {
  /// Processes of one name, user and workload, or a workload, a GPU, a disk or a filesystem.
  struct Thing: Hashable {
    let kind: ChangeKind
    let id: String
  }

  struct Key: Hashable {
    let thing: Thing
    let measure: ChangeMeasure
  }

  /// Names of a thing.
  struct Names {
    var name = ""
    var user: String?
    var workload: String?
    var pids: Set<Int32> = []
    /// Seconds after boot of its first process's start.
    var start = Double.infinity
  }

  /// The machine's capacity, by which differences are ranked.
  struct Capacity {
    var threads = 0.0
    var memory = 0.0
    /// Memory of the largest GPU.
    var vram = 0.0
    /// Highest traffic of all disks, and the busiest disk's share.
    var traffic = 0.0
    var busy = 0.0
  }

  /// Maximum number of subjects; later ones are left out.
  static let maxThings = 10_000

  private(set) var samples = 0
  private(set) var things: [Thing: Names] = [:]
  private(set) var capacity = Capacity()
  /// POSIX time of the boot, and of the last sample.
  private(set) var bootTime = Double.nan
  private(set) var last = Double.nan
  private var sums: [Key: (sum: Double, count: Int)] = [:]

  package init() {}

  /// Sums the samples in a window around a time, or the nearest one; nil without samples.
  package init?(_ samples: some Sequence<Sample>, around time: Double, window: Double) {
    var nearest: Sample?
    func distance(_ sample: Sample) -> Double { abs(sample.timestamp.seconds - time) }
    for sample in samples {
      if distance(sample) <= window / 2 { add(sample) }
      if nearest.map({ distance(sample) < distance($0) }) ?? true { nearest = sample }
    }
    guard let nearest else { return nil }
    if self.samples == 0 { add(nearest) }
  }

  /// Number of samples that were added.
  package var count: Int { samples }

  package mutating func add(_ sample: Sample) {
    samples += 1
    last = sample.timestamp.seconds
    if sample.host.bootTime.isFinite { bootTime = sample.host.bootTime }
    addMachine(sample)
    addProcesses(sample)
    addWorkloads(sample)
    addDevices(sample)
  }

  /// Mean of a measure; nil where no sample has it.
  ///
  /// Rates of a process or workload count as 0 in samples that do not list it.
  func mean(_ key: Key) -> Double? {
    guard let (sum, count) = sums[key] else { return nil }
    let isRate = [.cpu, .read, .written, .gpu].contains(key.measure)
    let isListed = [.process, .workload].contains(key.thing.kind)
    return sum / Double(isRate && isListed ? samples : count)
  }

  var keys: Dictionary<Key, (sum: Double, count: Int)>.Keys { sums.keys }

  // MARK: Samples

  private mutating func add(_ thing: Thing, _ values: [(ChangeMeasure, Double)], _ update: (inout Names) -> Void) {
    guard things[thing] != nil || things.count < Self.maxThings else { return }
    update(&things[thing, default: Names()])
    for (measure, value) in values where value.isFinite {
      let key = Key(thing: thing, measure: measure)
      let (sum, count) = sums[key] ?? (0, 0)
      sums[key] = (sum + value, count + 1)
    }
  }

  private mutating func addMachine(_ sample: Sample) {
    let threads = sample.cpu.threads
    if threads.isFinite { capacity.threads = max(capacity.threads, threads) }
    if sample.ram.total.isFinite { capacity.memory = max(capacity.memory, sample.ram.total) }
    if let disk = sample.disk {
      let traffic = [disk.readRate, disk.writeRate].reduce(0) { $0 + ($1.isFinite ? $1 : 0) }
      capacity.traffic = max(capacity.traffic, traffic)
    }
    for disk in sample.disks where disk.busy.isFinite { capacity.busy = max(capacity.busy, disk.busy) }
    let pressure = sample.pressure
    add(
      Thing(kind: .machine, id: "machine"),
      [
        (.cpu, sample.cpu.usage * threads), (.memory, sample.ram.used), (.swap, sample.swap?.used ?? .nan),
        (.cpuPressure, pressure?.cpu?.some?.ratio ?? .nan), (.memoryPressure, pressure?.memory?.some?.ratio ?? .nan),
        (.ioPressure, pressure?.io?.some?.ratio ?? .nan),
      ]
    ) { $0.name = "machine" }
  }

  private mutating func addProcesses(_ sample: Sample) {
    struct Sum {
      var names = Names()
      var values: [ChangeMeasure: Double] = [:]
    }
    let shares = GPUShare.byProcess(of: sample.gpus)
    var sums: [String: Sum] = [:]
    for process in sample.processes?.top ?? [] {
      // Programs of one name run in several workloads: their sum would have no owner.
      let workload = process.workload ?? process.service
      let id = [process.name, process.user, workload].compactMap(\.self).joined(separator: "@")
      var sum = sums[id] ?? Sum()
      sum.names.name = process.name
      sum.names.user = process.user
      sum.names.workload = workload
      sum.names.pids.insert(process.pid)
      if process.start.isFinite { sum.names.start = min(sum.names.start, process.start) }
      let share = shares[process.pid]
      for (measure, value) in [
        (ChangeMeasure.cpu, process.cpu), (.memory, process.resident), (.read, process.readRate),
        (.written, process.writeRate), (.gpu, share?.util ?? .nan), (.vram, share?.memory ?? .nan),
      ] where value.isFinite { sum.values[measure, default: 0] += value }
      sums[id] = sum
    }
    for (id, sum) in sums {
      add(Thing(kind: .process, id: id), sum.values.map { ($0.key, $0.value) }) { names in
        let (pids, start) = (names.pids, names.start)
        names = sum.names
        names.pids.formUnion(pids)
        names.start = min(names.start, start)
      }
    }
  }

  private mutating func addWorkloads(_ sample: Sample) {
    for workload in sample.workloads?.top ?? [] where !workload.isGroup {
      add(
        Thing(kind: .workload, id: workload.id),
        [
          (.cpu, workload.cpu), (.memory, workload.memory), (.read, workload.readRate), (.written, workload.writeRate),
          (.throttled, Double(workload.throttled)), (.gpu, Double(workload.gpu)), (.vram, workload.gpuMemory),
        ]
      ) { names in
        names.name = workload.name
        names.user = workload.user
      }
    }
  }

  private mutating func addDevices(_ sample: Sample) {
    for gpu in sample.gpus {
      if gpu.vramTotal.isFinite { capacity.vram = max(capacity.vram, gpu.vramTotal) }
      add(
        Thing(kind: .gpu, id: String(gpu.index)),
        [(.use, gpu.util), (.vram, gpu.vramUsed), (.power, gpu.power), (.temperature, gpu.temperature)]
      ) { $0.name = "GPU " + String(gpu.index) }
    }
    for disk in sample.disks {
      let latency = [disk.readLatency, disk.writeLatency].filter(\.isFinite).max() ?? .nan
      add(
        Thing(kind: .disk, id: disk.device),
        [(.busy, disk.busy), (.read, disk.readRate), (.written, disk.writeRate), (.latency, latency)]
      ) { $0.name = disk.name ?? disk.device }
    }
    for filesystem in sample.filesystems {
      add(Thing(kind: .filesystem, id: filesystem.mountpoint), [(.used, filesystem.usage)]) {
        $0.name = filesystem.mountpoint
      }
    }
  }
}

extension Comparison {
  /// Compares the samples around two times.
  package init(_ before: WindowMeans, at first: Double, _ after: WindowMeans, at second: Double, window: Double) {
    self.init()
    (self.first, self.second, self.window) = (first, second, window)
    (firstSamples, secondSamples) = (before.samples, after.samples)
    let capacity = before.capacity.joined(after.capacity)
    for key in Set(before.keys).union(after.keys) {
      let (left, right) = (before.things[key.thing], after.things[key.thing])
      let (from, to) = (before.mean(key), after.mean(key))
      // A measure is comparable if both times have it, or if only one time lists the subject.
      if left != nil, right != nil, from == nil || to == nil { continue }
      var change = Change()
      (change.kind, change.id, change.measure) = (key.thing.kind, key.thing.id, key.measure)
      (change.before, change.after) = (from ?? .nan, to ?? .nan)
      change.share = capacity.share(change.difference, key)
      guard abs(change.share) >= Self.minShare else { continue }
      let names = right ?? left ?? WindowMeans.Names()
      (change.name, change.user, change.workload) = (names.name, names.user, names.workload)
      if key.thing.kind == .process {
        let pids = (left?.pids ?? []).union(right?.pids ?? [])
        if pids.count == 1 { change.pid = pids.first.map(Double.init) ?? .nan }
        change.count = Double((right ?? left)?.pids.count ?? 0)
      }
      if left == nil {
        // Compares the start with the last sample around the first time.
        let start = after.bootTime + names.start
        change.state = start.isFinite && start > before.last ? .started : .appeared
      } else if right == nil {
        change.state = .vanished
      }
      changes.append(change)
    }
    changes.sort { left, right in
      let (first, second) = (abs(left.share), abs(right.share))
      if first != second { return first > second }
      return (left.kind.rawValue, left.id, left.measure.rawValue) < (
        right.kind.rawValue, right.id, right.measure.rawValue
      )
    }
  }
}

extension WindowMeans.Capacity {
  /// Bytes per second that any disk can do, in scattered reads too: on an idle machine, or without counters of disks, a
  /// few kilobytes are no change.
  private static let leastTraffic = 1e6

  fileprivate func joined(_ other: Self) -> Self {
    Self(
      threads: max(threads, other.threads), memory: max(memory, other.memory), vram: max(vram, other.vram),
      traffic: max(traffic, other.traffic), busy: max(busy, other.busy))
  }

  /// A difference as a share of capacity; rates of disks by the busiest disk's share.
  fileprivate func share(_ difference: Double, _ key: WindowMeans.Key) -> Double {
    func part(_ capacity: Double) -> Double { capacity > 0 ? difference / capacity : 0 }
    return switch key.measure {
    case .cpu: part(threads)
    case .memory, .swap: part(memory)
    case .vram: part(vram)
    case .read, .written: max(-1, min(1, part(max(traffic, Self.leastTraffic)) * (busy > 0 ? busy : 1)))
    case .latency: max(-1, min(1, difference / 0.1))
    // Power and temperature follow use, and throttling does not show in the machine's use: a quarter each.
    case .power: difference / 400 / 4
    case .temperature: difference / 100 / 4
    case .throttled: difference / 4
    case .gpu, .use, .busy, .used, .cpuPressure, .memoryPressure, .ioPressure: difference
    }
  }
}
