internal import AgentMetrics
internal import Collect
internal import SystemIO

extension GPUVendor {
  /// NVIDIA.
  static let nvidia = GPUVendor(name: "nvidia", pciVendor: 0x10DE) { environment in NVIDIASource(environment) }
}

/// NVIDIA's GPUs by NVML, and by nvidia-smi where that library cannot be opened; not verified on hardware so far, but
/// against a library and a tool of the tests' own.
///
/// An open library keeps every GPU that it serves awake: it is closed while none of them is used and all could sleep.
final class NVIDIASource: GPUSource {
  /// Seconds until a library or a tool that is not there is looked for again.
  static let rest = 300.0
  /// Seconds between two looks while all GPUs are left alone.
  private static let sleepingRest = 5.0
  /// Seconds between two counts of devices where sysfs does not tell of their coming and going.
  private static let recount = 60.0
  /// Where the library is: by the linker's own ways, and where Windows puts it for its Linux.
  static let paths = ["libnvidia-ml.so.1", "libnvidia-ml.so", "/usr/lib/wsl/lib/libnvidia-ml.so.1"]

  /// Runs a tool with arguments and gives what it printed.
  typealias RunTool = (_ path: String, _ arguments: [String]) throws(CollectorError) -> Tool.Output

  private let environment: GPUEnvironment
  private let root: String
  private let paths: [String]
  private let run: RunTool
  private let clock: () -> Double

  private var nvml: NVML?
  private var throughput: PCIeThroughput?
  private var session: NVMLSession?
  private var soughtAt = -Double.infinity
  private var tool: NvidiaSMI?
  private var tegra: TegraGPU?
  private var hasSoughtTegra = false
  private var addresses: Set<String> = []
  private var opened: Set<String> = []
  private var countedAt = -Double.infinity
  private var power = NVIDIAPower()
  private var hadGPUs = false

  private var failure: CollectorError?
  private var failures = 0
  private var retryAt = -Double.infinity
  private var lostSince = Double.nan
  private var lostRetry = recount

  /// What proc knows processes by, by the driver's numbers for them.
  private var numbers: [Int32: Int32] = [:]
  /// What was last told of each, and when.
  private var known: [(gpu: GPU, instant: Double)] = []
  /// The number of the last error of each, by its unique id.
  private var errors: [String: Double] = [:]

  /// - Parameters:
  ///   - paths: where the library is looked for; a name without a slash by the dynamic linker's own ways.
  ///   - run: runs the tool.
  init(
    _ environment: GPUEnvironment, paths: [String] = paths,
    run: @escaping RunTool = { path, arguments throws(CollectorError) in try Tool.run(path, arguments) },
    clock: @escaping () -> Double = { Clock.monotonic }
  ) {
    self.environment = environment
    root = environment.root
    self.paths = paths
    self.run = run
    self.clock = clock
  }

  deinit { session?.close() }

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer {
    // A recording's GPUs are not this machine's.
    guard environment.asksDrivers else { return readTegra() ?? GPUAnswer(rest: .infinity) }
    let slots = NVIDIASlot.find(root: root)
    let present = Set(slots.map(\.address))
    if present != addresses {
      // One came or went: the library looks for devices only when it is initialised.
      addresses = present
      letGo()
      retryAt = -.infinity
      known.removeAll { $0.gpu.pciAddress.map { !present.contains($0) } ?? true }
    }
    let wanted = power.wanted(slots, at: instant)
    if !slots.isEmpty, wanted.isEmpty {
      close()
      return GPUAnswer(gpus: slots.map { reported($0, at: instant) }, rest: Self.sleepingRest)
    }
    if let failure, instant < retryAt { throw failure }
    if nvml == nil, instant - soughtAt >= Self.rest {
      soughtAt = instant
      if slots.isEmpty, NVIDIASlot.areOthers(root: root) { return GPUAnswer(rest: emptyRest) }
      nvml = NVML(paths: paths)
      throughput = nvml.map { PCIeThroughput($0) }
    }
    let gpus: [GPU]
    if let nvml, let throughput {
      do {
        gpus = try ask(nvml, throughput, slots, wanted, at: instant)
      } catch {
        // Without a driver there is no GPU that could be asked: none, or one that another driver has.
        if !isLoaded(slots), known.isEmpty {
          close()
          return GPUAnswer(rest: emptyRest)
        }
        throw fail(error, at: instant)
      }
    } else if let answer = try askTool(slots, wanted, at: instant) {
      gpus = answer
    } else if slots.isEmpty, let answer = readTegra() {
      return answer
    } else {
      return GPUAnswer(
        gpus: slots.map { reported($0, at: instant) }, rest: slots.isEmpty ? emptyRest : 60,
        failure: tool == nil && isLoaded(slots)
          ? "the driver is loaded, but neither libnvidia-ml.so.1 nor nvidia-smi was found" : nil)
    }
    failure = nil
    failures = 0
    hadGPUs = hadGPUs || !gpus.isEmpty
    return GPUAnswer(
      gpus: complete(gpus, slots, wanted, at: instant),
      failure: gpus.isEmpty && !slots.isEmpty ? "the driver is bound to GPUs, but lists none" : nil)
  }

  /// A Jetson's GPU by sysfs; nil on other machines.
  private func readTegra() -> GPUAnswer? {
    if !hasSoughtTegra {
      hasSoughtTegra = true
      tegra = TegraGPU(root: root)
    }
    return tegra.map { GPUAnswer(gpus: [$0.read(machineMemory: machineMemory())]) }
  }

  /// Whether the kernel has NVIDIA's driver, as far as this machine's files say.
  private func isLoaded(_ slots: [NVIDIASlot]) -> Bool {
    !slots.isEmpty || Files.exists(root + "/proc/driver/nvidia/version")
  }

  // MARK: Asking

  private func ask(
    _ nvml: NVML, _ throughput: PCIeThroughput, _ slots: [NVIDIASlot], _ wanted: Set<String>, at instant: Double
  ) throws(NVML.Status) -> [GPU] {
    if session != nil, opened != wanted || isRecountDue(slots, at: instant) || isLostRetryDue(at: instant) { close() }
    let session: NVMLSession
    if let open = self.session {
      session = open
    } else {
      session = try NVMLSession(
        nvml, addresses: wanted.count == slots.count ? nil : wanted, throughput: throughput)
      self.session = session
      opened = wanted
      countedAt = instant
    }
    var (gpus, errors) = try session.read(at: instant, machineMemory: machineMemory)
    for (index, xid) in errors { self.errors[Self.key(gpus[index])] = xid }
    for index in gpus.indices { gpus[index].xid = self.errors[Self.key(gpus[index])] ?? .nan }
    addLost(to: &gpus, slots, wanted, session.lost(among: wanted), hasLost: session.hasLost)
    if gpus.contains(where: { $0.state == .lost }) {
      if lostSince.isNaN { lostSince = instant }
    } else {
      lostSince = .nan
      lostRetry = Self.recount
    }
    return gpus
  }

  /// Adds known GPUs that the driver no longer lists although the kernel still has them, and those at the addresses that are
  /// known as lost.
  private func addLost(
    to gpus: inout [GPU], _ slots: [NVIDIASlot], _ wanted: Set<String>, _ lost: Set<String>, hasLost: Bool
  ) {
    for (gpu, _) in known where gpu.state != .asleep && !gpus.contains(where: { Self.key($0) == Self.key(gpu) }) {
      let isThere = gpu.pciAddress.map { wanted.contains($0) } ?? false
      guard isThere || slots.isEmpty && hasLost else { continue }
      var identity = Self.identity(of: gpu)
      identity.state = .lost
      gpus.append(identity)
    }
    for address in lost.sorted() where !gpus.contains(where: { $0.pciAddress == address }) {
      var gpu = GPU(vendor: "nvidia")
      gpu.pciAddress = address
      gpu.model = slots.first { $0.address == address }?.model(root: root)
      gpu.state = .lost
      gpus.append(gpu)
    }
  }

  /// Whether the count of devices changed, where there is no other way to see it.
  private func isRecountDue(_ slots: [NVIDIASlot], at instant: Double) -> Bool {
    guard slots.isEmpty, instant - countedAt >= Self.recount, let session else { return false }
    countedAt = instant
    return session.recount() != session.count
  }

  /// Whether it is time to see if one that was lost has been reset: a library that is open does not notice.
  private func isLostRetryDue(at instant: Double) -> Bool {
    guard !lostSince.isNaN, instant - lostSince >= lostRetry else { return false }
    lostSince = instant
    lostRetry = min(600, lostRetry * 2)
    return true
  }

  /// By the tool, where there is one; nil where it, or the driver, is not there.
  private func askTool(
    _ slots: [NVIDIASlot], _ wanted: Set<String>, at instant: Double
  ) throws(CollectorError) -> [GPU]? {
    if tool == nil, let path = Tool.find("nvidia-smi", in: environment.toolPath) {
      tool = NvidiaSMI(clock: clock) { [run] arguments throws(CollectorError) in try run(path, arguments) }
    }
    guard let tool else { return nil }
    do {
      var gpus = try tool.read(at: instant, addresses: wanted.count == slots.count ? nil : wanted.sorted())
      for index in gpus.indices where gpus[index].hasUnifiedMemory {
        UnifiedMemory.mark(&gpus[index], machineMemory: machineMemory())
        UnifiedMemory.sumUse(&gpus[index])
      }
      addLost(to: &gpus, slots, wanted, tool.lost, hasLost: !tool.lost.isEmpty)
      return gpus.isEmpty && known.isEmpty ? nil : gpus
    } catch {
      // The tool is left over from a driver that is not there, unless the kernel knows of one.
      if !isLoaded(slots), known.isEmpty { return nil }
      throw fail(error, at: instant)
    }
  }

  /// Closes what no longer works; it is tried anew at once, then ever more rarely.
  private func fail(_ status: NVML.Status, at instant: Double) -> CollectorError {
    close()
    // The file is another than the library that was loaded from it.
    if status == .versionMismatch { letGo() }
    return fail(CollectorError(status.description), at: instant)
  }

  private func fail(_ error: CollectorError, at instant: Double) -> CollectorError {
    failures += 1
    retryAt = instant + (failures == 1 ? 0 : min(60, 2.5 * Double(1 << min(failures, 8))))
    failure = error
    return error
  }

  private func close() {
    session?.close()
    session = nil
  }

  /// Closes the library altogether, so that it is loaded anew.
  private func letGo() {
    close()
    nvml = nil
    throughput = nil
    soughtAt = -.infinity
  }

  /// Seconds to rest where there is no GPU; few where there was one, whose driver may be being replaced.
  private var emptyRest: Double { hadGPUs ? 15 : Self.rest }

  // MARK: Telling

  /// Takes note of who is used and lets go of who is not; adds those that were not asked.
  private func complete(
    _ answered: [GPU], _ slots: [NVIDIASlot], _ wanted: Set<String>, at instant: Double
  ) -> [GPU] {
    var gpus = answered
    renumber(&gpus)
    var isOneLeft = false
    for slot in slots where wanted.contains(slot.address) {
      guard let gpu = gpus.first(where: { $0.pciAddress == slot.address }) else { continue }
      if power.isToBeLeft(slot, isIdle: Self.isIdle(gpu), at: instant) { isOneLeft = true }
    }
    // All are closed, since the library cannot close one; those that are used are opened again at the next reading.
    if isOneLeft { close() }
    let unasked = slots.filter { !wanted.contains($0.address) }.map { reported($0, at: instant) }
    known = gpus.map { ($0, instant) } + known.filter { old in unasked.contains { Self.key($0) == Self.key(old.gpu) } }
    return gpus + unasked
  }

  /// What is known of a GPU that is not asked: who it is, and that it sleeps; or what it said last, while it is awake.
  private func reported(_ slot: NVIDIASlot, at instant: Double) -> GPU {
    let last = known.first { $0.gpu.pciAddress == slot.address }
    if !slot.isAsleep, let last, last.gpu.state == .active {
      var gpu = last.gpu
      gpu.age += max(0, instant - last.instant)
      return gpu
    }
    var gpu = last.map { Self.identity(of: $0.gpu) } ?? GPU(vendor: "nvidia")
    gpu.pciAddress = slot.address
    gpu.model = gpu.model ?? slot.model(root: root)
    gpu.driver = gpu.driver ?? Files.line(of: root + "/sys/module/nvidia/version")
    gpu.state = slot.isAsleep ? .asleep : .active
    return gpu
  }

  /// What stays the same of a GPU.
  private static func identity(of gpu: GPU) -> GPU {
    var identity = GPU(vendor: gpu.vendor)
    identity.model = gpu.model
    identity.uuid = gpu.uuid
    identity.pciAddress = gpu.pciAddress
    identity.driver = gpu.driver
    identity.cuda = gpu.cuda
    identity.vramTotal = gpu.vramTotal
    identity.isIntegrated = gpu.isIntegrated
    identity.hasUnifiedMemory = gpu.hasUnifiedMemory
    identity.xid = gpu.xid
    identity.recoveryAction = gpu.recoveryAction
    return identity
  }

  private static func key(_ gpu: GPU) -> String { gpu.pciAddress ?? gpu.uuid ?? "" }

  /// Whether nobody uses it.
  ///
  /// A desktop's processes hold GPUs that sleep all the same, so that only those that compute count.
  private static func isIdle(_ gpu: GPU) -> Bool {
    !(gpu.util > 0.01) && !(gpu.encoder > 0) && !(gpu.decoder > 0)
      && (gpu.processes ?? []).allSatisfy { $0.kind == "graphics" }
  }

  /// Gives processes the numbers that this machine's proc knows them by, where the driver told those that they have in a
  /// container; what cannot be found is left as it is.
  private func renumber(_ gpus: inout [GPU]) {
    let pids = Set(gpus.lazy.flatMap { $0.processes ?? [] }.map(\.pid))
    numbers = numbers.filter { pids.contains($0.key) }
    // Looking for processes is dear: only for those that are new.
    var unknown: Set<Int32> = []
    for pid in pids where numbers[pid] == nil {
      numbers[pid] = pid
      if !Files.exists(root + "/proc/\(pid)") { unknown.insert(pid) }
    }
    for (inner, outer) in NamespacePIDs.find(unknown, root: root) { numbers[inner] = outer }
    guard numbers.contains(where: { $0.key != $0.value }) else { return }
    for index in gpus.indices {
      gpus[index].processes = gpus[index].processes?.map { process in
        var process = process
        process.pid = numbers[process.pid] ?? process.pid
        return process
      }
    }
  }

  private func machineMemory() -> Double {
    guard let bytes = try? Files.contents(of: root + "/proc/meminfo") else { return .nan }
    let span = bytes.span
    var position = 0
    guard span.skip("MemTotal:", &position), let kibibytes = span.unsigned(&position) else { return .nan }
    return Double(kibibytes) * 1_024
  }
}
