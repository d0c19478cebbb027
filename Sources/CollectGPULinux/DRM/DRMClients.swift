internal import AgentMetrics
internal import SystemIO

/// Use of one device by its clients since the last reading.
struct DRMUse {
  /// Processes that have the device open, most memory first.
  var processes: [GPUProcess] = []
  /// Mean share of each engine's time, by DRMEngine's raw value, 0…1; NaN if no client reported it twice.
  var engines = [Double](repeating: .nan, count: DRMEngine.allCases.count)
  /// Bytes of the device's memory held by clients, shared ones counted once for each; NaN if unreported.
  var vram = Double.nan
  /// Bytes of the machine's memory held by clients; NaN if unreported.
  var shared = Double.nan

  /// Number of clients that were seen before, so that their work since then is known.
  var known = 0
  /// Number of open descriptors of the device without statistics.
  ///
  /// The kernel is older than its driver's statistics (amdgpu 5.14, i915 5.19), or they could not be read. Sums over
  /// clients do not represent the device then.
  var unknown = 0

  /// Share of time in which clients kept the graphics and compute engines busy; NaN if unknown.
  ///
  /// A driver may print an engine only once it has worked (amdgpu); without one, known clients were idle.
  var work: Double {
    let share = share(of: .graphics, .compute)
    return share.isNaN && unknown == 0 && (known > 0 || processes.isEmpty) ? 0 : share
  }

  /// The highest share of all engines; NaN if all are unknown.
  var busiest: Double { engines.reduce(.nan) { $1.isNaN ? $0 : ($0.isNaN ? $1 : max($0, $1)) } }

  /// Share of an engine, or the sum of several with the same purpose; NaN if unknown.
  func share(of kinds: DRMEngine...) -> Double {
    kinds.reduce(.nan) { sum, kind in
      let share = engines[kind.rawValue]
      return share.isNaN ? sum : min(1, (sum.isNaN ? 0 : sum) + share)
    }
  }
}

/// Processes that have devices of the direct rendering manager open, with the kernel's statistics of each.
///
/// Finding their descriptors takes a readlink(2) for each descriptor of the machine, so the search runs seldom and in
/// slices; the statistics of those found are read at each pass. A sleeping device is not read: the driver may have to
/// wake it for an answer (xe_drm_client.c).
final class DRMClients {
  /// Seconds between the starts of two scans of all processes.
  static let period = 10.0
  /// Maximum links read in a pass, not counting the rest of the process at which it is reached.
  static let budget = 2_000
  /// Maximum descriptors examined per process; devices are opened early and have low numbers.
  static let maximumDescriptors = 4_096
  /// Maximum descriptors of devices that are tracked on the whole machine.
  static let maximumFollowed = 4_096

  /// A descriptor of a device.
  private struct Descriptor {
    var number: UInt32
    var node: String
    /// Whether it duplicates another descriptor; it is not read until the next scan.
    var isDuplicate = false
  }

  /// A client of a device.
  private struct ClientKey: Hashable {
    var node: String
    var client: UInt64
  }

  /// The last statistics of a client.
  private struct PreviousUse {
    var engines: [FDInfo.Use?]
    var instant: Double
  }

  private let proc: String
  private let budget: Int
  private let buffer = ReadBuffer(capacity: 4_096)
  private var link = [UInt8](repeating: 0, count: 256)
  private var pending: [Int32] = []
  private var roundBegan = -Double.infinity
  private var descriptors: [Int32: [Descriptor]] = [:]
  private var past: [ClientKey: PreviousUse] = [:]
  private var wasRefused = false
  private var isRoundDone = false
  private var sawAll = false

  /// Links read so far, for tests of the budget.
  private(set) var linksRead = 0

  /// Creates a reader for the clients of the machine under `root`.
  init(root: String, budget: Int = budget) {
    self.budget = budget
    proc = root + "/proc/"
    isInitialNamespace = Self.isInitialNamespace(root: root)
  }

  /// Whether process ids are those of the initial namespace: only there is pid 2 kthreadd.
  static func isInitialNamespace(root: String) -> Bool {
    Files.line(of: root + "/proc/2/stat")?.hasPrefix("2 (kthreadd)") == true
  }

  private let isInitialNamespace: Bool

  /// Whether the last scan saw the descriptors of all processes.
  ///
  /// Only then do sums over clients represent the device.
  var isComplete: Bool { sawAll && isInitialNamespace }

  /// Reads the clients' use since the last pass; `nodes` maps each node that may be read to its device.
  func read(at instant: Double, nodes: [String: String]) -> [String: DRMUse] {
    scan(at: instant)
    var uses: [String: DRMUse] = [:]
    for device in nodes.values { uses[device] = DRMUse() }
    var seen: [ClientKey: PreviousUse] = [:]
    for pid in descriptors.keys.sorted() {
      guard var own = descriptors[pid] else { continue }
      var processes: [String: GPUProcess] = [:]
      var kinds: [String: Set<DRMEngine>] = [:]
      for index in own.indices where !own[index].isDuplicate {
        let node = own[index].node
        guard let device = nodes[node] else { continue }
        guard let info = info(pid: pid, own[index].number) else {
          uses[device, default: DRMUse()].unknown += 1
          continue
        }
        // For a driver without client ids each descriptor counts as a client.
        let key = ClientKey(
          node: device,
          client: info.client ?? UInt64(UInt32(bitPattern: pid)) << 32 | UInt64(own[index].number))
        if seen[key] != nil {
          own[index].isDuplicate = true
          continue
        }
        let (shares, engines) = compare(info, with: past[key], at: instant)
        if past[key] != nil { uses[device, default: DRMUse()].known += 1 }
        seen[key] = PreviousUse(engines: engines, instant: instant)
        var process = processes[device] ?? GPUProcess(pid: pid)
        add(info, shares, to: &process, &uses[device, default: DRMUse()])
        for engine in [DRMEngine.graphics, .compute] where Self.hasWorked(info.engines[engine.rawValue]) {
          kinds[device, default: []].insert(engine)
        }
        processes[device] = process
      }
      descriptors[pid] = own
      for (device, var process) in processes {
        process.kind = Self.kind(kinds[device] ?? [])
        uses[device]?.processes.append(process)
      }
    }
    // Clients of sleeping devices keep their last statistics; those that are gone lose them.
    let awake = Set(nodes.values)
    for (key, value) in past where !awake.contains(key.node) { seen[key] = value }
    past = seen
    for device in uses.keys { uses[device]?.processes.sort(by: Self.precedes) }
    return uses
  }

  /// Most memory first, then the busiest, then by pid.
  static func precedes(_ first: GPUProcess, _ second: GPUProcess) -> Bool {
    let memory = (first.vram.isNaN ? -1 : first.vram, second.vram.isNaN ? -1 : second.vram)
    if memory.0 != memory.1 { return memory.0 > memory.1 }
    let util = (first.util.isNaN ? -1 : first.util, second.util.isNaN ? -1 : second.util)
    return util.0 != util.1 ? util.0 > util.1 : first.pid < second.pid
  }

  // MARK: Statistics of a client

  private func info(pid: Int32, _ descriptor: UInt32) -> FDInfo? {
    guard let bytes = try? Files.contents(of: proc + String(pid) + "/fdinfo/" + String(descriptor), buffer: buffer)
    else {
      return nil
    }
    return FDInfo(bytes.span)
  }

  /// Shares of the engines' time since the last statistics, and the statistics to keep.
  ///
  /// A counter that decreases stays at its higher value until it has caught up, as the kernel's documentation demands.
  private func compare(
    _ info: FDInfo, with past: PreviousUse?, at instant: Double
  ) -> (shares: [Double], engines: [FDInfo.Use?]) {
    var shares = [Double](repeating: .nan, count: info.engines.count)
    var engines = info.engines
    for index in engines.indices { shares[index] = engines[index]?.share ?? .nan }
    guard let past, instant > past.instant else { return (shares, engines) }
    for index in engines.indices {
      guard var now = engines[index] else { continue }
      // amdgpu prints an engine only once it has worked.
      let before = past.engines[index] ?? FDInfo.Use(nanoseconds: now.nanoseconds.map { _ in 0 })
      if let nanoseconds = now.nanoseconds, let old = before.nanoseconds {
        let busy = Double(nanoseconds > old ? nanoseconds - old : 0) / 1e9
        shares[index] = min(1, busy / (instant - past.instant) / now.capacity)
        now.nanoseconds = max(nanoseconds, old)
      } else if let cycles = now.cycles, let old = before.cycles, let total = now.totalCycles,
        let oldTotal = before.totalCycles
      {
        if total > oldTotal {
          let busy = Double(cycles > old ? cycles - old : 0)
          shares[index] = min(1, busy / Double(total - oldTotal) / now.capacity)
        }
        now.cycles = max(cycles, old)
        now.totalCycles = max(total, oldTotal)
      }
      engines[index] = now
    }
    return (shares, engines)
  }

  /// Adds one client's use to its process and to the device.
  private func add(_ info: FDInfo, _ shares: [Double], to process: inout GPUProcess, _ use: inout DRMUse) {
    for engine in DRMEngine.allCases {
      let share = shares[engine.rawValue]
      if share.isNaN { continue }
      use.engines[engine.rawValue] = Self.sum(use.engines[engine.rawValue], share, atMost: 1)
      switch engine {
      case .graphics, .compute: process.util = Self.sum(process.util, share, atMost: 1)
      case .encode, .secondEncode: process.encoder = Self.sum(process.encoder, share, atMost: 1)
      // Intel's video engines encode too; the two cannot be distinguished.
      case .decode, .jpeg, .video: process.decoder = Self.sum(process.decoder, share, atMost: 1)
      case .copy, .enhance: break
      }
    }
    if !info.vram.isNaN {
      process.vram = Self.sum(process.vram, info.vram)
      use.vram = Self.sum(use.vram, info.vram)
    }
    if !info.shared.isNaN { use.shared = Self.sum(use.shared, info.shared) }
  }

  private static func sum(_ first: Double, _ second: Double, atMost limit: Double = .infinity) -> Double {
    min(limit, first.isNaN ? second : first + second)
  }

  private static func hasWorked(_ use: FDInfo.Use?) -> Bool {
    (use?.nanoseconds ?? 0) > 0 || (use?.cycles ?? 0) > 0 || (use?.share ?? 0) > 0
  }

  private static func kind(_ engines: Set<DRMEngine>) -> String? {
    switch (engines.contains(.graphics), engines.contains(.compute)) {
    case (true, true): "compute+graphics"
    case (true, false): "graphics"
    case (false, true): "compute"
    case (false, false): nil
    }
  }

  // MARK: Scan for devices

  private func scan(at instant: Double) {
    if pending.isEmpty {
      if isRoundDone, instant < roundBegan + Self.period { return }
      roundBegan = instant
      isRoundDone = false
      wasRefused = false
      // The newest last, to be taken first: new processes are the most likely to have opened a device.
      pending = Files.names(in: proc).compactMap { Int32($0) }.sorted()
      let there = Set(pending)
      descriptors = descriptors.filter { there.contains($0.key) }
    }
    let end = linksRead + budget
    while linksRead < end, let pid = pending.popLast() { look(at: pid) }
    if pending.isEmpty {
      isRoundDone = true
      sawAll = !wasRefused
    }
  }

  private func look(at pid: Int32) {
    let folder = proc + String(pid) + "/fd"
    guard let directory = opendir(folder) else {
      if SystemError.last == EACCES || SystemError.last == EPERM { wasRefused = true }
      descriptors[pid] = nil
      linksRead += 1
      return
    }
    defer { closedir(directory) }
    let followed = descriptors.reduce(0) { $0 + ($1.key == pid ? 0 : $1.value.count) }
    var found: [Descriptor] = []
    var count = 0
    while count < Self.maximumDescriptors, followed + found.count < Self.maximumFollowed,
      let entry = readdir(directory)
    {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let number = UInt32(name) else { continue }
      count += 1
      if let node = node(folder + "/" + name) { found.append(Descriptor(number: number, node: node)) }
    }
    linksRead += count + 1
    descriptors[pid] = found.isEmpty ? nil : found
  }

  /// Name of the device node a descriptor's link points to, such as "renderD128"; nil for any other target.
  private func node(_ path: String) -> String? {
    let capacity = link.count
    let count = link.withUnsafeMutableBytes { buffer in
      buffer.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.map { readlink(path, $0, capacity) } ?? -1
      }
    }
    guard count > 0 else { return nil }
    // A local reference, because a span of a class's property cannot be passed to a function.
    let contents = link
    let target = contents.span.extracting(0..<count)
    // A recorded machine's links point to "../../../dev/dri/renderD128".
    guard let start = Self.find("/dev/dri/", in: target) else { return nil }
    let name = start + 9..<count
    guard target.starts(with: "renderD", at: name.lowerBound) || target.starts(with: "card", at: name.lowerBound)
    else { return nil }
    return target.string(name)
  }

  private static func find(_ text: StaticString, in bytes: Span<UInt8>) -> Int? {
    var position = 0
    while position < bytes.count {
      if bytes.starts(with: text, at: position) { return position }
      position += 1
    }
    return nil
  }
}
