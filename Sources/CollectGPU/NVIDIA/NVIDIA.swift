internal import AgentMetrics
internal import Collect
internal import SystemIO

extension GPUVendor {
  /// NVIDIA, on a system.
  package static func nvidia(
    on system: @escaping @Sendable (GPUEnvironment) -> any NVIDIASystem
  ) -> GPUVendor {
    GPUVendor(name: "nvidia", pciVendor: 0x10DE) { environment in
      NVIDIASource(environment, on: system(environment))
    }
  }
}

/// Reads NVIDIA's GPUs with NVML, or with nvidia-smi if that library cannot be opened.
///
/// Not verified on hardware so far, but against a library and a tool of the tests.
///
/// An open library keeps all its GPUs awake: it is closed while none of them is used and all could sleep.
final class NVIDIASource: GPUSource {
  /// Seconds before a missing library or tool is searched for again.
  static let rest = 300.0
  /// Seconds between two checks while all GPUs are left alone.
  private static let sleepingRest = 5.0
  /// Seconds between two device counts if the system does not list the devices.
  private static let recount = 60.0

  /// Runs a tool with arguments and returns its output.
  typealias RunTool = (_ path: String, _ arguments: [String]) throws(CollectorError) -> Tool.Output

  private let environment: GPUEnvironment
  private let system: any NVIDIASystem
  private let paths: [String]
  private let run: RunTool
  private let clock: () -> Double

  private var nvml: NVML?
  private var throughput: PCIeThroughput?
  private var session: NVMLSession?
  private var soughtAt = -Double.infinity
  private var tool: NvidiaSMI?
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

  /// Process ids in the process table by the driver's process ids.
  private var numbers: [Int32: Int32] = [:]
  /// The last values of each GPU, and their time.
  private var known: [(gpu: GPU, instant: Double)] = []
  /// The last Xid error of each GPU, by its key.
  private var errors: [String: Double] = [:]

  /// - Parameters:
  ///   - paths: paths of the library to try; the system's by default.
  ///   - run: runs the tool.
  init(
    _ environment: GPUEnvironment, on system: any NVIDIASystem, paths: [String]? = nil,
    run: @escaping RunTool = { path, arguments throws(CollectorError) in try Tool.run(path, arguments) },
    clock: @escaping () -> Double = { Clock.monotonic }
  ) {
    self.environment = environment
    self.system = system
    self.paths = paths ?? system.libraries
    self.run = run
    self.clock = clock
  }

  deinit { session?.close() }

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer {
    // A recording's GPUs are not this machine's.
    guard environment.asksDrivers else { return readIntegrated() ?? GPUAnswer(rest: .infinity) }
    let slots = system.slots()
    let present = Set(slots.map(\.address))
    if present != addresses {
      // A GPU was added or removed: the library enumerates devices only when it is initialized.
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
      if slots.isEmpty, system.areOthers() { return GPUAnswer(rest: emptyRest) }
      nvml = NVML(paths: paths)
      throughput = nvml.map { PCIeThroughput($0) }
    }
    let gpus: [GPU]
    if let nvml, let throughput {
      do {
        gpus = try ask(nvml, throughput, slots, wanted, at: instant)
      } catch {
        // Without NVIDIA's driver there is no readable GPU: none at all, or one bound to another driver.
        if !isLoaded(slots), known.isEmpty {
          close()
          return GPUAnswer(rest: emptyRest)
        }
        throw fail(error, at: instant)
      }
    } else if let answer = try askTool(slots, wanted, at: instant) {
      gpus = answer
    } else if slots.isEmpty, let answer = readIntegrated() {
      return answer
    } else {
      return GPUAnswer(
        gpus: slots.map { reported($0, at: instant) }, rest: slots.isEmpty ? emptyRest : 60,
        failure: tool == nil && isLoaded(slots)
          ? "the driver is loaded, but libnvidia-ml.so.1 and nvidia-smi were not found" : nil)
    }
    failure = nil
    failures = 0
    hadGPUs = hadGPUs || !gpus.isEmpty
    return GPUAnswer(
      gpus: complete(gpus, slots, wanted, at: instant),
      failure: gpus.isEmpty && !slots.isEmpty ? "the driver is bound to GPUs but does not list them" : nil)
  }

  /// Reads a GPU that the system knows without NVML; nil on other machines.
  private func readIntegrated() -> GPUAnswer? {
    system.integratedGPU().map { GPUAnswer(gpus: [$0]) }
  }

  /// Whether NVIDIA's driver is loaded, according to the system.
  private func isLoaded(_ slots: [NVIDIASlot]) -> Bool {
    !slots.isEmpty || system.isDriverLoaded
  }

  // MARK: Reading

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
    var (gpus, errors) = try session.read(at: instant, machineMemory: { system.machineMemory })
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

  /// Adds GPUs as lost: known ones that the driver no longer lists although the kernel does, and those at addresses
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
      gpu.model = slots.first { $0.address == address }.flatMap { system.model(of: $0) }
      gpu.state = .lost
      gpus.append(gpu)
    }
  }

  /// Whether the number of devices changed; counted only if the system does not list them.
  private func isRecountDue(_ slots: [NVIDIASlot], at instant: Double) -> Bool {
    guard slots.isEmpty, instant - countedAt >= Self.recount, let session else { return false }
    countedAt = instant
    return session.recount() != session.count
  }

  /// Whether to check if a lost GPU has been reset, which an open library does not notice.
  private func isLostRetryDue(at instant: Double) -> Bool {
    guard !lostSince.isNaN, instant - lostSince >= lostRetry else { return false }
    lostSince = instant
    lostRetry = min(600, lostRetry * 2)
    return true
  }

  /// Reads with nvidia-smi; nil without it or the driver.
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
        UnifiedMemory.mark(&gpus[index], machineMemory: system.machineMemory)
        UnifiedMemory.sumUse(&gpus[index])
      }
      addLost(to: &gpus, slots, wanted, tool.lost, hasLost: !tool.lost.isEmpty)
      return gpus.isEmpty && known.isEmpty ? nil : gpus
    } catch {
      // The tool is a leftover of a removed driver, unless the kernel has it loaded. One that hangs waits for a driver.
      if !isLoaded(slots), known.isEmpty, !tool.isHanging { return nil }
      throw fail(error, at: instant)
    }
  }

  /// Closes a library that fails.
  ///
  /// The first retry is immediate, later ones back off.
  private func fail(_ status: NVML.Status, at instant: Double) -> CollectorError {
    close()
    // The file was replaced since the library was loaded from it.
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

  /// Unloads the library, so that the next reading loads it again.
  private func letGo() {
    close()
    nvml = nil
    throughput = nil
    soughtAt = -.infinity
  }

  /// Seconds to rest without a GPU; short if there was one, whose driver may be being replaced.
  private var emptyRest: Double { hadGPUs ? 15 : Self.rest }

  // MARK: Results

  /// Records which GPUs are used, releases those that are idle, and adds those that were not read.
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
    // Closes all, since the library cannot close one; the next reading opens the used ones again.
    if isOneLeft { close() }
    let unasked = slots.filter { !wanted.contains($0.address) }.map { reported($0, at: instant) }
    known = gpus.map { ($0, instant) } + known.filter { old in unasked.contains { Self.key($0) == Self.key(old.gpu) } }
    return gpus + unasked
  }

  /// State of a GPU that is not read: its identity if it sleeps, else its last values with their age.
  private func reported(_ slot: NVIDIASlot, at instant: Double) -> GPU {
    let last = known.first { $0.gpu.pciAddress == slot.address }
    if !slot.isAsleep, let last, last.gpu.state == .active {
      var gpu = last.gpu
      gpu.age += max(0, instant - last.instant)
      return gpu
    }
    var gpu = last.map { Self.identity(of: $0.gpu) } ?? GPU(vendor: "nvidia")
    gpu.pciAddress = slot.address
    gpu.model = gpu.model ?? system.model(of: slot)
    gpu.driver = gpu.driver ?? system.driverVersion
    gpu.state = slot.isAsleep ? .asleep : .active
    return gpu
  }

  /// Properties of a GPU that do not change.
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

  /// Whether a GPU has no load and no computing processes.
  ///
  /// A desktop's processes hold even GPUs that sleep, so graphics processes do not count.
  private static func isIdle(_ gpu: GPU) -> Bool {
    !(gpu.util > 0.01) && !(gpu.encoder > 0) && !(gpu.decoder > 0)
      && (gpu.processes ?? []).allSatisfy { $0.kind == "graphics" }
  }

  /// Replaces process ids of a container's namespace by those of this machine; an id that is not found stays.
  private func renumber(_ gpus: inout [GPU]) {
    let pids = Set(gpus.lazy.flatMap { $0.processes ?? [] }.map(\.pid))
    numbers = numbers.filter { pids.contains($0.key) }
    let new = pids.filter { numbers[$0] == nil }
    for pid in new { numbers[pid] = pid }
    for (inner, outer) in system.processIDs(of: new) { numbers[inner] = outer }
    guard numbers.contains(where: { $0.key != $0.value }) else { return }
    for index in gpus.indices {
      gpus[index].processes = gpus[index].processes?.map { process in
        var process = process
        process.pid = numbers[process.pid] ?? process.pid
        return process
      }
    }
  }
}
