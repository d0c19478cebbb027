internal import AgentMetrics
internal import SystemIO

/// A GPU of Intel's, as i915 or xe tell of it in sysfs.
///
/// Neither driver tells in a file how busy the device is. `util` is the share of the busiest engine's time that clients
/// took since the last answer, summed over fdinfo, where all processes of the machine could be seen; else the share of
/// time in which the device was not in its idle state RC6, which is more than it worked, since it falls asleep late.
/// `decoder` is the share of the video engines, which also encode.
final class IntelCard: DRMCard {
  let device: DRMDevice
  /// xe wakes the device to read its clock (show_run_ticks in xe_drm_client.c); i915 keeps count by itself.
  let wakesForClients: Bool
  private(set) var identity: GPU

  private let files: IntelFiles
  private let link: PCILink
  private var sensors: IntelSensors?
  private var previousIdle = (milliseconds: [Double](), instant: Double.nan)
  /// Of the card's counter and of the package's.
  private var meters = [EnergyMeter(), EnergyMeter()]

  /// The files of its hwmon folder.
  private struct IntelSensors {
    let temperature: SysfsFile
    let slowdown: SysfsFile
    let memory: SysfsFile?
    let fan: SysfsFile
    /// Of the card, else of the package.
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
      // 0 stands for a limit that is off.
      powerLimits = ["power1_max", "power2_max", "power1_rated_max", "power2_rated_max"].map { hwmon.file($0) }
    }
  }

  /// A card under `root`.
  init(_ device: DRMDevice, root: String) {
    self.device = device
    wakesForClients = device.driver == "xe"
    files = IntelFiles(device)
    link = PCILink(deviceFolder: device.deviceFolder)
    identity = GPU(vendor: "intel")
    identity.pciAddress = device.pciAddress
    identity.model = PCINames.model(device, maker: "Intel", root: root)
    identity.driver = DriverVersion.text(of: device.driver, root: root)
    // Where the processor's own graphics have been since 2010.
    identity.isIntegrated = device.pciAddress == "0000:00:02.0"
    identity.hasUnifiedMemory = identity.isIntegrated
  }

  func read(at instant: Double, _ buffer: ReadBuffer, use: DRMUse?, isComplete: Bool) -> GPU {
    var gpu = identity
    let totals = files.vramTotal.map { Plausible.bytes($0.number(buffer)) }.filter { $0 > 0 }
    if !totals.isEmpty {
      gpu.vramTotal = totals.reduce(0, +)
      // A card handed to a virtual machine may sit at the same address.
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
    // Both drivers extend the chip's 32 bits to 64, so that the count only goes back when it starts anew.
    let readings = sensors.energies.indices.map { index in
      meters[index].read(sensors.energies[index].number(buffer) / 1e6, at: instant)
    }
    // The first that counts.
    if let reading = readings.first(where: { !$0.energy.isNaN }) { (gpu.energy, gpu.power) = reading }
  }

  /// The share of time in which the part that slept least was awake; NaN where none tells, or RC6 is switched off.
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

  /// The highest of several clocks in megahertz, as hertz; NaN where none is told.
  private static func highest(_ files: [SysfsFile], _ buffer: ReadBuffer) -> Double {
    files.map { Plausible.hertz($0.number(buffer) * 1e6) }.filter { !$0.isNaN }.max() ?? .nan
  }
}
