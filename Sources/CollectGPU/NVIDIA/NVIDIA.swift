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
/// An open library keeps every GPU that it serves awake. Where all of them could sleep (power/control is "auto") and have
/// been idle for a while, the library is closed, and opened again only when one is awake for longer than its driver needs
/// to fall asleep: then somebody else uses it.
final class NVIDIASource: GPUSource {
  /// Seconds until a library that is not there is looked for again.
  private static let rest = 300.0
  /// Seconds between two counts of devices.
  private static let recount = 60.0

  private let environment: GPUEnvironment
  private let paths: [String]
  private var nvml: NVML?
  private var soughtAt = -Double.infinity
  private var isStarted = false
  private var tool: NvidiaSMI?
  private var devices: [NVMLDevice] = []
  private var countedAt = -Double.infinity
  private var power = NVIDIAPower()
  /// Processes that proc does not know by the driver's numbers, and what it knows them by.
  private var sought: Set<Int32> = []
  private var outer: [Int32: Int32] = [:]
  /// What was last told of each, for those that sleep.
  private var known: [GPU] = []

  /// - Parameter paths: where the library is looked for; a name without a slash by the dynamic linker's own ways.
  init(_ environment: GPUEnvironment, paths: [String] = ["libnvidia-ml.so.1", "libnvidia-ml.so"]) {
    self.environment = environment
    self.paths = paths
  }

  deinit { close() }

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer {
    // A recording's GPUs are not this machine's.
    guard environment.asksDrivers else { return GPUAnswer(rest: .infinity) }
    let slots = NVIDIASlot.find(root: environment.root)
    let isOpen = isStarted
    switch power.decide(slots: slots, isOpen: isOpen, at: instant) {
    case .leaveAlone:
      close()
      return GPUAnswer(gpus: told(slots), rest: 5)
    case .ask: break
    }
    if nvml == nil, instant - soughtAt >= Self.rest {
      soughtAt = instant
      nvml = NVML(paths: paths)
    }
    guard let nvml else { return try askTool(slots, at: instant) }
    if !isStarted {
      let status = nvml.start()
      // Without a driver there is no GPU that could be asked: none, or one that another driver has.
      if status == .driverNotLoaded { return GPUAnswer(rest: 30) }
      guard status == .success else { throw CollectorError(status.description) }
      isStarted = true
      countedAt = -.infinity
    }
    if instant - countedAt >= Self.recount { try count(nvml, at: instant) }
    let memory = machineMemory()
    var gpus: [GPU] = []
    var failure: NVML.Status?
    for device in devices {
      gpus.append(device.read(at: instant, machineMemory: memory))
      if let status = device.failure, status.needsInitialisation { failure = status }
    }
    if let failure {
      // The driver was unloaded or replaced: what is open is of no use any more.
      close()
      throw CollectorError(failure.description)
    }
    renumber(&gpus)
    known = gpus
    power.note(isIdle: gpus.allSatisfy(Self.isIdle), slots: slots, at: instant)
    return GPUAnswer(gpus: gpus)
  }

  /// Without the library: by the tool, where there is one.
  private func askTool(_ slots: [NVIDIASlot], at instant: Double) throws(CollectorError) -> GPUAnswer {
    if tool == nil, let path = Tool.find("nvidia-smi", in: environment.toolPath) {
      tool = NvidiaSMI { arguments throws(CollectorError) in try Tool.run(path, arguments) }
    }
    guard let tool else { return GPUAnswer(rest: Self.rest) }
    do {
      var gpus = try tool.read(at: instant)
      // A tool that finds no driver says so in words, and tells no GPU.
      if gpus.isEmpty { return GPUAnswer(rest: Self.rest) }
      renumber(&gpus)
      known = gpus
      return GPUAnswer(gpus: gpus)
    } catch {
      // The tool is left over from a driver that is not there, unless the kernel knows of one.
      if slots.isEmpty, known.isEmpty { return GPUAnswer(rest: Self.rest) }
      throw error
    }
  }

  private func count(_ nvml: NVML, at instant: Double) throws(CollectorError) {
    var count: UInt32 = 0
    let status = nvml.deviceCount.map { NVML.Status(code: $0(&count)) } ?? .functionNotFound
    guard status == .success else {
      close()
      throw CollectorError(status.description)
    }
    countedAt = instant
    if Int(min(count, 256)) == devices.count { return }
    var characters = [CChar](repeating: 0, count: 96)
    var driver: String?
    if let call = nvml.driverVersion, call(&characters, UInt32(characters.count)) == 0 {
      driver = NVMLDevice.string(characters)
    }
    var version: UInt32 = 0
    var cuda: String?
    // 12080 is 12.8.
    if let call = nvml.cudaVersion, call(&version) == 0 { cuda = "\(version / 1_000).\(version % 1_000 / 10)" }
    devices = (0..<min(count, 256)).compactMap { index in
      var device: NVML.Device?
      guard let call = nvml.deviceAt, call(index, &device) == 0, let device else { return nil }
      return NVMLDevice(nvml, device, driver: driver, cuda: cuda)
    }
  }

  /// Gives processes the numbers that this machine's proc knows them by, where the driver told those that they have in a
  /// container; what cannot be found is left as it is.
  private func renumber(_ gpus: inout [GPU]) {
    var unknown: Set<Int32> = []
    for gpu in gpus {
      for process in gpu.processes ?? [] where !Files.exists(environment.root + "/proc/\(process.pid)") {
        unknown.insert(process.pid)
      }
    }
    // Looking through all processes is dear: only when there is somebody new.
    if !unknown.isSubset(of: sought) {
      sought = unknown
      outer = NamespacePIDs.find(unknown, root: environment.root)
    }
    guard !outer.isEmpty else { return }
    for index in gpus.indices {
      gpus[index].processes = gpus[index].processes?.map { process in
        var process = process
        process.pid = unknown.contains(process.pid) ? outer[process.pid] ?? process.pid : process.pid
        return process
      }
    }
  }

  private func close() {
    devices = []
    if isStarted { nvml?.shutdown() }
    isStarted = false
  }

  /// What is known of GPUs that are not asked: who they are, and that they sleep.
  private func told(_ slots: [NVIDIASlot]) -> [GPU] {
    slots.map { slot in
      var gpu = GPU(vendor: "nvidia")
      let last = known.first { $0.pciAddress == slot.address }
      gpu.pciAddress = slot.address
      gpu.model = last?.model
      gpu.uuid = last?.uuid
      gpu.driver = last?.driver
      gpu.cuda = last?.cuda
      gpu.vramTotal = last?.vramTotal ?? .nan
      gpu.state = .asleep
      return gpu
    }
  }

  private static func isIdle(_ gpu: GPU) -> Bool {
    !(gpu.util > 0) && (gpu.processes ?? []).isEmpty
  }

  private func machineMemory() -> Double {
    guard let bytes = try? Files.contents(of: environment.root + "/proc/meminfo") else { return .nan }
    let span = bytes.span
    var position = 0
    guard span.skip("MemTotal:", &position), let kibibytes = span.unsigned(&position) else { return .nan }
    return Double(kibibytes) * 1_024
  }
}

/// A GPU of NVIDIA's as the kernel's list of PCI devices has it.
struct NVIDIASlot: Hashable {
  let address: String
  let isAsleep: Bool
  /// Whether the kernel may put it to sleep.
  let maySleep: Bool

  /// All that NVIDIA's driver is bound to; reading this wakes nothing.
  static func find(root: String) -> [NVIDIASlot] {
    let folder = root + "/sys/bus/pci/drivers/nvidia"
    return Files.names(in: folder).filter { $0.contains(":") }.sorted().compactMap { address in
      let device = folder + "/" + address
      // 0x03…: display controllers. The GPU's sound has a driver of its own.
      guard let type = Files.line(of: device + "/class"), type.hasPrefix("0x03") else { return nil }
      return NVIDIASlot(
        address: address, isAsleep: Files.line(of: device + "/power/runtime_status")?.hasPrefix("suspend") == true,
        maySleep: Files.line(of: device + "/power/control") == "auto")
    }
  }
}

/// When the library may be open.
struct NVIDIAPower {
  enum Decision {
    case ask, leaveAlone
  }

  /// Seconds for which all GPUs must have been idle before the library is closed.
  static let patience = 30.0
  /// Seconds after closing in which a GPU that nobody uses falls asleep.
  static let settling = 15.0
  private static let longest = 60.0

  private var idleSince = Double.nan
  private var closedAt = Double.nan
  private var wait = settling

  /// What to do now.
  mutating func decide(slots: [NVIDIASlot], isOpen: Bool, at instant: Double) -> Decision {
    // In a container or where sysfs tells nothing, nothing is known of sleep.
    guard !slots.isEmpty, slots.allSatisfy(\.maySleep) else { return .ask }
    if slots.allSatisfy(\.isAsleep) {
      closedAt = instant
      return .leaveAlone
    }
    if isOpen {
      guard !idleSince.isNaN, instant - idleSince >= Self.patience else { return .ask }
      closedAt = instant
      return .leaveAlone
    }
    // Awake without the agent's doing: it has just been closed and falls asleep, or somebody uses it.
    return closedAt.isNaN || instant - closedAt >= wait ? .ask : .leaveAlone
  }

  /// Takes note of what a reading found.
  mutating func note(isIdle: Bool, slots: [NVIDIASlot], at instant: Double) {
    if !isIdle {
      idleSince = .nan
      closedAt = .nan
      wait = Self.settling
    } else if idleSince.isNaN {
      idleSince = instant
    } else if !closedAt.isNaN {
      // It was looked at again for nothing: less often from now on.
      wait = min(Self.longest, wait * 2)
      closedAt = .nan
    }
  }
}
