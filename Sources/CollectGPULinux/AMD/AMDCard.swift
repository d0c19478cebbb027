internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// An AMD GPU, read from amdgpu's sysfs files (Documentation/gpu/amdgpu/thermal.rst, drivers/gpu/drm/amd/pm).
///
/// `util` is the firmware's own short-term mean of the whole device (gpu_busy_percent). The engine times of fdinfo
/// would give the mean since the last reading, but not of work submitted through the compute driver (KFD), and of other
/// users' processes only to root. So they supply processes and media engines, and replace the firmware's mean if it is
/// refused or stuck (``AMDUse``). Values missing in hwmon are taken from gpu_metrics, one by one. `pcie_bw` is not
/// read, since the driver sleeps a second in it.
///
/// For a processor with graphics, `vramTotal` is the memory reserved for it, and `sharedUsed` its use of the rest:
/// adding both would count the latter twice, since it is part of the machine's memory in use.
final class AMDCard: DRMCard {
  /// Seconds between two readings of the memory error counts, which access many registers.
  static let errorPeriod = 60.0

  let device: DRMDevice
  /// amdgpu_show_fdinfo reads only the kernel's own memory.
  let wakesForClients = false
  private(set) var identity: GPU

  private let util: SysfsFile
  private let memoryUtil: SysfsFile
  private let vramTotal: SysfsFile
  private let vramUsed: SysfsFile
  private let sharedUsed: SysfsFile
  private let metrics: SysfsFile
  private let coreLevels: SysfsFile
  private let memoryLevels: SysfsFile
  private let link: PCILink
  private let kfd: KFDProcesses
  private var sensors: AMDSensors?
  private var residencies: [GPUMetrics.Residency] = []
  private var meter = EnergyMeter()
  private var chooser = AMDUse()
  /// Whether gpu_metrics has been seen to count use in hundredths of a percent.
  private var countsHundredths = false
  private var errors: (counts: RASCounts, pages: Double)?
  private var errorsReadAt = -Double.infinity

  /// Files of the hwmon folder.
  private struct AMDSensors {
    let temperature: SysfsFile
    let slowdown: SysfsFile
    let hotspot: SysfsFile?
    let memory: SysfsFile?
    let powerAverage: SysfsFile
    let powerInput: SysfsFile
    let powerCap: SysfsFile
    let fan: SysfsFile
    let pwm: SysfsFile
    let coreClock: SysfsFile
    let memoryClock: SysfsFile
    let pwmMaximum: Double
    /// amdgpu exposes the voltage "vddnb" only for processors.
    let isIntegrated: Bool

    init(_ hwmon: Hwmon) {
      let numbers = hwmon.temperatures
      // Old chips have one temperature, without a label.
      let edge = numbers["edge"] ?? (numbers.isEmpty ? 1 : nil)
      // Data center cards have no edge sensor; the junction sensor stands in.
      let main = edge ?? numbers["junction"] ?? 1
      temperature = hwmon.file("temp\(main)_input")
      slowdown = hwmon.file("temp\(main)_crit")
      hotspot = numbers["junction"].map { hwmon.file("temp\($0)_input") }
      memory = numbers["mem"].map { hwmon.file("temp\($0)_input") }
      powerAverage = hwmon.file("power1_average")
      powerInput = hwmon.file("power1_input")
      powerCap = hwmon.file("power1_cap")
      fan = hwmon.file("fan1_input")
      pwm = hwmon.file("pwm1")
      coreClock = hwmon.file("freq1_input")
      memoryClock = hwmon.file("freq2_input")
      pwmMaximum = Double(Files.number(of: hwmon.folder + "/pwm1_max") ?? 255)
      isIntegrated = Files.line(of: hwmon.folder + "/in1_label") == "vddnb"
    }
  }

  /// Creates a card under `root`; `kfd` lists the processes that compute.
  init(_ device: DRMDevice, root: String, kfd: KFDProcesses) {
    self.device = device
    self.kfd = kfd
    let folder = device.deviceFolder
    util = SysfsFile(folder + "/gpu_busy_percent")
    memoryUtil = SysfsFile(folder + "/mem_busy_percent")
    vramTotal = SysfsFile(folder + "/mem_info_vram_total")
    vramUsed = SysfsFile(folder + "/mem_info_vram_used")
    sharedUsed = SysfsFile(folder + "/mem_info_gtt_used")
    metrics = SysfsFile(folder + "/gpu_metrics")
    coreLevels = SysfsFile(folder + "/pp_dpm_sclk")
    memoryLevels = SysfsFile(folder + "/pp_dpm_mclk")
    link = PCILink(deviceFolder: folder)
    identity = GPU(vendor: "amd")
    identity.pciAddress = device.pciAddress
    identity.model = Self.productName(folder) ?? PCINames.model(device, maker: "AMD", root: root)
    identity.uuid = Files.line(of: folder + "/unique_id").flatMap { $0.allSatisfy { $0 == "0" } ? nil : $0 }
    identity.driver = DriverVersion.text(of: device.driver, root: root)
  }

  func read(at instant: Double, _ buffer: ReadBuffer, use: DRMUse?, isComplete: Bool) -> GPU {
    var gpu = identity
    let table = metrics.read(buffer) { GPUMetrics($0) } ?? nil
    readSensors(into: &gpu, buffer)
    if table?.isIntegrated == true { gpu.isIntegrated = true }
    gpu.hasUnifiedMemory = gpu.isIntegrated

    var candidates = AMDUse.Candidates(driver: util.percent(buffer))
    if let table { readUse(of: table, into: &candidates) }
    gpu.memoryUtil = Self.first(memoryUtil.percent(buffer), table?.memoryUtil)
    gpu.vramTotal = Plausible.bytes(vramTotal.number(buffer))
    if gpu.vramTotal == 0 { gpu.vramTotal = .nan }
    gpu.vramUsed = Plausible.bytes(vramUsed.number(buffer))
    if gpu.vramUsed > gpu.vramTotal { gpu.vramUsed = .nan }
    gpu.sharedUsed = Plausible.bytes(sharedUsed.number(buffer))
    gpu.hotspotTemperature = Self.first(gpu.hotspotTemperature, table?.hotspotTemperature)
    gpu.memoryTemperature = Self.first(gpu.memoryTemperature, table?.memoryTemperature)
    gpu.temperature = Self.first(gpu.temperature, table?.temperature)
    gpu.temperature = Self.first(gpu.temperature, gpu.hotspotTemperature)
    gpu.fanSpeed = Self.first(gpu.fanSpeed, gpu.isIntegrated ? nil : table?.fanSpeed)

    readClocks(into: &gpu, buffer)
    gpu.clock = Self.first(gpu.clock, table?.clock)
    gpu.memoryClock = Self.first(gpu.memoryClock, table?.memoryClock)
    // A processor's own graphics are on a bus that is PCI Express in name only.
    if !gpu.isIntegrated {
      let slot = link.read(buffer)
      gpu.pcieGeneration = Self.first(slot.generation, table.map { PCILink.generation(rate: $0.linkRate) })
      gpu.pcieWidth = Self.first(slot.width, table?.linkWidth)
    }
    if let table { readPower(of: table, into: &gpu, at: instant) }
    gpu.throttleReasons = table.flatMap { throttleReasons($0) }
    readErrors(into: &gpu, at: instant, buffer)

    if let use {
      let merged = kfd.merge(into: use.processes, device: device)
      gpu.processes = merged.processes
      candidates.clientsAreAll = isComplete && !merged.compute && use.unknown == 0
      // A sum over some of the clients is a lower bound, and 0 is no information.
      candidates.clients = candidates.clientsAreAll || use.work > 0 ? use.work : .nan
      if isComplete {
        gpu.encoder = use.share(of: .encode, .secondEncode)
        gpu.decoder = use.share(of: .decode, .jpeg)
      }
    }
    (gpu.util, gpu.utilSource) = chooser.choose(candidates)
    // Values that still hold while it sleeps.
    identity.isIntegrated = gpu.isIntegrated
    identity.hasUnifiedMemory = gpu.hasUnifiedMemory
    identity.vramTotal = gpu.vramTotal
    return gpu
  }

  private func readSensors(into gpu: inout GPU, _ buffer: ReadBuffer) {
    if sensors == nil, let hwmon = Hwmon(deviceFolder: device.deviceFolder, names: ["amdgpu", "radeon"]) {
      sensors = AMDSensors(hwmon)
    }
    guard let sensors else { return }
    gpu.isIntegrated = gpu.isIntegrated || sensors.isIntegrated
    gpu.temperature = Plausible.celsius(milli: sensors.temperature.number(buffer))
    gpu.slowdownTemperature = Plausible.celsius(milli: sensors.slowdown.number(buffer))
    gpu.hotspotTemperature = Plausible.celsius(milli: sensors.hotspot?.number(buffer) ?? .nan)
    gpu.memoryTemperature = Plausible.celsius(milli: sensors.memory?.number(buffer) ?? .nan)
    gpu.power = Self.first(
      Plausible.watts(micro: sensors.powerAverage.number(buffer)),
      Plausible.watts(micro: sensors.powerInput.number(buffer)))
    gpu.powerLimit = Plausible.watts(micro: sensors.powerCap.number(buffer))
    gpu.fanSpeed = Plausible.revolutions(sensors.fan.number(buffer))
    let fan = sensors.pwm.number(buffer) / sensors.pwmMaximum
    gpu.fan = fan >= 0 && fan <= 1 ? fan : .nan
    gpu.clock = Plausible.hertz(sensors.coreClock.number(buffer))
    gpu.memoryClock = Plausible.hertz(sensors.memoryClock.number(buffer))
  }

  private func readClocks(into gpu: inout GPU, _ buffer: ReadBuffer) {
    if let levels = coreLevels.read(buffer, { DPMLevels($0) }) {
      gpu.clock = Self.first(gpu.clock, levels.current)
      gpu.clockMaximum = levels.highest
    }
    if gpu.memoryClock.isNaN, let levels = memoryLevels.read(buffer, { DPMLevels($0) }) {
      gpu.memoryClock = levels.current
    }
  }

  /// Energy between two readings gives the true mean power; the driver's power value is momentary.
  private func readPower(of table: GPUMetrics, into gpu: inout GPU, at instant: Double) {
    gpu.power = Self.first(gpu.power, table.power)
    let (energy, mean) = meter.read(table.energy, at: instant)
    gpu.energy = energy
    gpu.power = Self.first(mean, gpu.power)
  }

  private func readUse(of table: GPUMetrics, into candidates: inout AMDUse.Candidates) {
    if table.utilUnit == .hundredths { countsHundredths = true }
    let isScaled = countsHundredths && table.utilUnit == .doubtful
    candidates.table = isScaled ? table.util / 100 : table.util
    candidates.tableIsCertain = countsHundredths || table.utilUnit == .certain
  }

  /// Reasons in force now, or since the last reading if the table counts time.
  private func throttleReasons(_ table: GPUMetrics) -> String? {
    if let status = table.throttleStatus { return GPUMetrics.reasons(status) }
    let past = residencies
    residencies = table.throttleResidencies
    guard !past.isEmpty, past.count == residencies.count else { return nil }
    return zip(past, residencies).filter { $0.0.count != $0.1.count }.map(\.1.reason).joined(separator: ",")
  }

  private func readErrors(into gpu: inout GPU, at instant: Double, _ buffer: ReadBuffer) {
    if instant >= errorsReadAt + Self.errorPeriod {
      errorsReadAt = instant
      let folder = device.deviceFolder + "/ras/"
      errors = SysfsFile(folder + "umc_err_count").read(buffer) { RASCounts($0) }.map { counts in
        (counts, SysfsFile(folder + "gpu_vram_bad_pages").read(buffer) { RASCounts.retiredPages($0) } ?? .nan)
      }
    }
    guard let errors else { return }
    gpu.eccCorrected = errors.counts.corrected
    gpu.eccUncorrected = errors.counts.uncorrected
    gpu.retiredPages = errors.pages
  }

  /// Name stored in the board's own memory, on data center cards.
  private static func productName(_ folder: String) -> String? {
    Files.line(of: folder + "/product_name").map { PCINames.full($0, "AMD") }
  }

  private static func first(_ value: Double, _ other: Double?) -> Double {
    value.isNaN ? other ?? .nan : value
  }
}
