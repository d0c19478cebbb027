internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// An Intel GPU, read from the sysfs files of i915 or xe.
///
/// Neither driver has a file for utilization. `util` is the share of the busiest engine's time that clients used since
/// the last reading, summed over fdinfo, if all processes of the machine are visible. Otherwise it is the share of time
/// outside the idle state RC6, which overstates work, since the device falls asleep late. `decoder` is the share of the
/// video engines, which also encode.
final class IntelCard: DRMCard {
  let device: DRMDevice
  /// xe wakes the device to read its clock (show_run_ticks in xe_drm_client.c); i915 keeps its own count.
  let wakesForClients: Bool
  private(set) var identity: GPU

  private let files: IntelFiles
  private let link: PCILink
  private var sensors: IntelSensors?
  private var previousIdle = (milliseconds: [Double](), instant: Double.nan)
  /// Meters of the card's and the package's counter.
  private var meters = [EnergyMeter(), EnergyMeter()]

  /// Files of the hwmon folder.
  private struct IntelSensors {
    let temperature: SysfsFile
    let slowdown: SysfsFile
    let memory: SysfsFile?
    let fan: SysfsFile
    /// Energy of the card, and of the package.
    let energies: [SysfsFile]
    let powerLimits: [SysfsFile]

    init(_ hwmon: Hwmon, _ files: IntelFiles) {
      let numbers = hwmon.temperatures
      let main = numbers["pkg"] ?? files.temperature
      temperature = hwmon.file("temp\(main)_input")
      slowdown = hwmon.file("temp\(main)_crit")
      memory = (numbers["vram"] ?? files.memoryTemperature).map { hwmon.file("temp\($0)_input") }
      fan = hwmon.file("fan1_input")
      energies = ["energy1_input", "energy2_input"].map { hwmon.file($0) }
      // 0 means a disabled limit.
      powerLimits = ["power1_max", "power2_max", "power1_rated_max", "power2_rated_max"].map { hwmon.file($0) }
    }
  }

  /// Creates a card under `root`.
  init(_ device: DRMDevice, root: String) {
    self.device = device
    wakesForClients = device.driver == "xe"
    files = IntelFiles(device)
    link = PCILink(deviceFolder: device.deviceFolder)
    identity = GPU(vendor: "intel")
    identity.pciAddress = device.pciAddress
    identity.model = PCINames.model(device, maker: "Intel", root: root)
    identity.driver = DriverVersion.text(of: device.driver, root: root)
    // Address of processor graphics since 2010.
    identity.isIntegrated = device.pciAddress == "0000:00:02.0"
    identity.hasUnifiedMemory = identity.isIntegrated
  }

  func read(at instant: Double, _ buffer: ReadBuffer, use: DRMUse?, isComplete: Bool) -> GPU {
    var gpu = identity
    let totals = files.vramTotal.map { Plausible.bytes($0.number(buffer)) }.filter { $0 > 0 }
    if !totals.isEmpty {
      gpu.vramTotal = totals.reduce(0, +)
      // A card passed through to a virtual machine may have the same address.
      gpu.isIntegrated = false
      gpu.hasUnifiedMemory = false
    }
    identity.vramTotal = gpu.vramTotal
    identity.isIntegrated = gpu.isIntegrated
    identity.hasUnifiedMemory = gpu.hasUnifiedMemory

    readSensors(into: &gpu, at: instant, buffer)
    gpu.clock = Self.highest(files.clock, buffer)
    gpu.clockMaximum = Self.highest(files.clockMaximum, buffer)
    if !gpu.isIntegrated { (gpu.pcieGeneration, gpu.pcieWidth) = link.read(buffer) }
    gpu.throttleReasons = throttleReasons(buffer)

    let awake = awakeShare(at: instant, buffer)
    if let use, isComplete, use.unknown == 0 {
      gpu.util = use.processes.isEmpty ? 0 : use.busiest
      gpu.utilSource = gpu.util.isNaN ? nil : "fdinfo"
      gpu.decoder = use.share(of: .video)
      if gpu.hasUnifiedMemory { gpu.sharedUsed = use.shared } else { gpu.vramUsed = use.vram }
    }
    if gpu.util.isNaN, !awake.isNaN { (gpu.util, gpu.utilSource) = (awake, "rc6") }
    if !gpu.vramTotal.isNaN, let available = files.vramAvailable {
      let used = gpu.vramTotal - Plausible.bytes(available.number(buffer))
      if used >= 0 { gpu.vramUsed = used }
    }
    if gpu.vramUsed > gpu.vramTotal { gpu.vramUsed = .nan }
    gpu.processes = use?.processes
    return gpu
  }

  private func readSensors(into gpu: inout GPU, at instant: Double, _ buffer: ReadBuffer) {
    if sensors == nil, let hwmon = Hwmon(deviceFolder: device.deviceFolder, names: ["i915", "xe"]) {
      sensors = IntelSensors(hwmon, files)
    }
    guard let sensors else { return }
    gpu.temperature = Plausible.celsius(milli: sensors.temperature.number(buffer))
    gpu.slowdownTemperature = Plausible.celsius(milli: sensors.slowdown.number(buffer))
    gpu.memoryTemperature = Plausible.celsius(milli: sensors.memory?.number(buffer) ?? .nan)
    gpu.fanSpeed = Plausible.revolutions(sensors.fan.number(buffer))
    let limits = sensors.powerLimits.lazy.map { Plausible.watts(micro: $0.number(buffer)) }
    gpu.powerLimit = limits.first { !$0.isNaN } ?? .nan
    // Both drivers extend the chip's 32 bits to 64, so the count decreases only after a restart from 0.
    let readings = sensors.energies.indices.map { index in
      meters[index].read(sensors.energies[index].number(buffer) / 1e6, at: instant)
    }
    // The first counter that counts.
    if let reading = readings.first(where: { !$0.energy.isNaN }) { (gpu.energy, gpu.power) = reading }
  }

  /// Share of time in which the part that slept least was awake; NaN if unreported, or if RC6 is disabled.
  private func awakeShare(at instant: Double, _ buffer: ReadBuffer) -> Double {
    let now = files.idle.map { $0.number(buffer) }
    let past = previousIdle
    previousIdle = (now, instant)
    guard now.count == past.milliseconds.count, instant > past.instant else { return .nan }
    var share = Double.nan
    for (new, old) in zip(now, past.milliseconds) where new >= old && new > 0 {
      let awake = min(1, max(0, 1 - (new - old) / 1_000 / (instant - past.instant)))
      share = share.isNaN ? awake : max(share, awake)
    }
    return share
  }

  private func throttleReasons(_ buffer: ReadBuffer) -> String? {
    var reasons: [String] = []
    var isReported = false
    for throttle in files.throttles {
      let status = throttle.status.number(buffer)
      if status.isNaN { continue }
      isReported = true
      if status == 0 { continue }
      for reason in throttle.reasons where reason.file.number(buffer) > 0 && !reasons.contains(reason.name) {
        reasons.append(reason.name)
      }
    }
    return isReported ? reasons.joined(separator: ",") : nil
  }

  /// The highest of several clocks in megahertz, as hertz, or NaN.
  private static func highest(_ files: [SysfsFile], _ buffer: ReadBuffer) -> Double {
    files.map { Plausible.hertz($0.number(buffer) * 1e6) }.filter { !$0.isNaN }.max() ?? .nan
  }
}
