internal import AgentMetrics
internal import SystemIO

/// Parser of `nvidia-smi -q -x`, from nvsmi_device_v4.dtd (2013) to v13.
///
/// Elements are found by name below the GPU's element; names that changed over the years are tried in turn.
enum NvidiaSMIReport {
  /// A GPU of a report.
  struct Device {
    var gpu: GPU
    /// Whether its PCI Express link is a placeholder: see `NVMLDevice.findLink()`.
    var hasNoLink = false
  }

  /// The GPUs; empty if the text is not a report.
  static func gpus(_ bytes: Span<UInt8>) -> [GPU] { devices(bytes).map(\.gpu) }

  /// The GPUs with the state of their links; empty if the text is not a report.
  static func devices(_ bytes: Span<UInt8>) -> [Device] {
    guard let log = XMLElement(bytes), log.name == "nvidia_smi_log" else { return [] }
    let driver = log.text("driver_version").flatMap(NvidiaSMIParser.text)
    let cuda = log.text("cuda_version").flatMap(NvidiaSMIParser.text)
    return log.children.filter { $0.name == "gpu" }.map { element in
      var device = Device(gpu: gpu(element))
      device.gpu.driver = driver
      device.gpu.cuda = cuda
      device.hasNoLink = hasNoLink(element) || device.gpu.hasUnifiedMemory
      if device.hasNoLink { (device.gpu.pcieGeneration, device.gpu.pcieWidth) = (.nan, .nan) }
      return device
    }
  }

  private static func hasNoLink(_ element: XMLElement) -> Bool {
    func number(_ path: String) -> Double {
      element.text("pci/pci_gpu_link_info/" + path).map { NvidiaSMIParser.number($0) } ?? .nan
    }
    if number("pcie_gen/max_link_gen") == 1, number("link_widths/max_link_width") == 1 { return true }
    return element.text("c2c_mode") == "Enabled" && number("link_widths/current_link_width") <= 1
  }

  /// Recovery action requested by the driver; drivers before 570 have an element for each of two actions.
  private static func recoveryAction(_ element: XMLElement) -> String? {
    if let action = element.text("gpu_recovery_action") { return RecoveryAction.text(action) }
    if element.text("gpu_reset_status/reset_required") == "Yes" { return "Reset" }
    return element.text("gpu_reset_status/drain_and_reset_recommended") == "Yes" ? "Drain and Reset" : nil
  }

  private static func gpu(_ element: XMLElement) -> GPU {
    var gpu = GPU(vendor: "nvidia")
    func number(_ paths: String...) -> Double { self.number(element, paths) }
    func share(_ path: String) -> Double { element.text(path).map { NvidiaSMIParser.share($0) } ?? .nan }
    gpu.model = element.text("product_name").flatMap(NvidiaSMIParser.text)
    gpu.uuid = element.text("uuid").flatMap(NvidiaSMIParser.text)
    gpu.pciAddress = (element.text("pci/pci_bus_id") ?? element.identifier).flatMap { PCIAddress.text($0) }
    let state = element.text("performance_state") ?? ""
    gpu.performanceState = state.hasPrefix("P") ? state : nil
    gpu.temperature = Plausible.celsius(number("temperature/gpu_temp"))
    gpu.memoryTemperature = Plausible.celsius(number("temperature/memory_temp"))
    gpu.slowdownTemperature = Plausible.celsius(number("temperature/gpu_temp_slow_threshold"))
    gpu.util = share("utilization/gpu_util")
    gpu.memoryUtil = share("utilization/memory_util")
    gpu.encoder = share("utilization/encoder_util")
    gpu.decoder = share("utilization/decoder_util")
    gpu.fan = share("fan_speed")
    let total = Plausible.bytes(number("fb_memory_usage/total") * 1_048_576)
    gpu.vramTotal = total > 0 ? total : .nan
    gpu.vramUsed = Plausible.bytes(number("fb_memory_usage/used") * 1_048_576)
    gpu.power = Plausible.watts(
      number(
        "gpu_power_readings/power_draw", "gpu_power_readings/average_power_draw",
        "gpu_power_readings/instant_power_draw", "power_readings/power_draw"))
    gpu.powerLimit = Plausible.watts(
      number(
        "gpu_power_readings/current_power_limit", "gpu_power_readings/enforced_power_limit",
        "power_readings/enforced_power_limit", "power_readings/power_limit"))
    gpu.clock = Plausible.hertz(number("clocks/graphics_clock") * 1e6)
    gpu.memoryClock = Plausible.hertz(number("clocks/mem_clock") * 1e6)
    gpu.clockMaximum = Plausible.hertz(number("max_clocks/graphics_clock") * 1e6)
    gpu.pcieGeneration = Plausible.linkGeneration(number("pci/pci_gpu_link_info/pcie_gen/current_link_gen"))
    gpu.pcieWidth = Plausible.linkWidth(number("pci/pci_gpu_link_info/link_widths/current_link_width"))
    gpu.pcieReceive = NVMLDevice.plausibleTraffic(number("pci/rx_util") * 1_000)
    gpu.pcieTransmit = NVMLDevice.plausibleTraffic(number("pci/tx_util") * 1_000)
    readErrors(element, into: &gpu)
    gpu.throttleReasons = throttleReasons(element)
    if element.text("mig_mode/current_mig") == "Enabled" {
      gpu.instances = instances(element, of: gpu.uuid ?? "")
      (gpu.util, gpu.memoryUtil) = (.nan, .nan)
    }
    gpu.processes = processes(element)
    if element.children.contains(where: { NvidiaSMIParser.isLost($0.text) }) { gpu.state = .lost }
    gpu.recoveryAction = recoveryAction(element)
    if gpu.vramUsed > gpu.vramTotal { gpu.vramUsed = .nan }
    gpu.hasUnifiedMemory = NvidiaSMIParser.hasNoMemory(element.text("fb_memory_usage/total"), gpu)
    return gpu
  }

  /// The first number among some elements; NaN without any.
  private static func number(_ element: XMLElement, _ paths: [String]) -> Double {
    for path in paths {
      let number = element.text(path).map { NvidiaSMIParser.number($0) } ?? .nan
      if !number.isNaN { return number }
    }
    return .nan
  }

  private static func readErrors(_ element: XMLElement, into gpu: inout GPU) {
    func number(_ paths: String...) -> Double { self.number(element, paths) }
    gpu.retiredPages = sum(
      number("retired_pages/multiple_single_bit_retirement/retired_count"),
      number("retired_pages/double_bit_retirement/retired_count"))
    if gpu.retiredPages.isNaN {
      gpu.retiredPages = sum(number("remapped_rows/remapped_row_corr"), number("remapped_rows/remapped_row_unc"))
    }
    gpu.eccCorrected = sum(
      number("ecc_errors/volatile/single_bit/total", "ecc_errors/volatile/sram_correctable"),
      number("ecc_errors/volatile/dram_correctable"))
    gpu.eccUncorrected = sum(
      number("ecc_errors/volatile/double_bit/total", "ecc_errors/volatile/sram_uncorrectable"),
      number("ecc_errors/volatile/dram_uncorrectable"))
  }

  /// Adds two counts; either may be absent.
  private static func sum(_ first: Double, _ second: Double) -> Double {
    first.isNaN ? second : second.isNaN ? first : first + second
  }

  private static func throttleReasons(_ gpu: XMLElement) -> String? {
    // Uses NVML's bits for the same names.
    let bits: [String: UInt64] = [
      "applications_clocks_setting": 0x02, "sw_power_cap": 0x04, "hw_slowdown": 0x08, "sync_boost": 0x10,
      "sw_thermal_slowdown": 0x20, "hw_thermal_slowdown": 0x40, "hw_power_brake_slowdown": 0x80,
      "display_clocks_setting": 0x100,
    ]
    for (list, prefix) in [
      ("clocks_event_reasons", "clocks_event_reason_"), ("clocks_throttle_reasons", "clocks_throttle_reason_"),
    ] {
      guard let reasons = gpu.child(list), !reasons.children.isEmpty else { continue }
      var active: UInt64 = 0
      for reason in reasons.children where reason.text == "Active" && reason.name.hasPrefix(prefix) {
        active |= bits[String(reason.name.dropFirst(prefix.count))] ?? 0
      }
      return ThrottleReasons.text(active)
    }
    return nil
  }

  private static func instances(_ gpu: XMLElement, of uuid: String) -> [GPUInstance] {
    (gpu.child("mig_devices")?.children ?? []).filter { $0.name == "mig_device" }.map { part in
      let place = ["gpu_instance_id", "compute_instance_id"].map { part.text($0) ?? "" }
      // The report has no UUID; this is the one that drivers before 470 composed of the same ids.
      var instance = GPUInstance(uuid: part.text("uuid") ?? "MIG-\(uuid)/\(place[0])/\(place[1])")
      let total = part.text("fb_memory_usage/total").map { NvidiaSMIParser.number($0) } ?? .nan
      let used = part.text("fb_memory_usage/used").map { NvidiaSMIParser.number($0) } ?? .nan
      instance.vramTotal = Plausible.bytes(total * 1_048_576)
      instance.vramUsed = Plausible.bytes(used * 1_048_576)
      return instance
    }
  }

  private static func processes(_ gpu: XMLElement) -> [GPUProcess]? {
    guard let list = gpu.child("processes"), list.text != "N/A" else { return nil }
    var processes: [Int32: GPUProcess] = [:]
    for element in list.children where element.name == "process_info" {
      guard let pid = element.text("pid").flatMap({ Int32($0) }), pid > 0 else { continue }
      var process = processes[pid] ?? GPUProcess(pid: pid)
      let kinds = ["C": "compute", "G": "graphics", "C+G": "compute+graphics", "M+C": "compute", "M": "compute"]
      process.kind = element.text("type").flatMap { kinds[$0] }
      let memory = Plausible.bytes(
        (element.text("used_memory").map { NvidiaSMIParser.number($0) } ?? .nan) * 1_048_576)
      if !(process.vram >= memory) { process.vram = memory }
      processes[pid] = process
    }
    return processes.values.sorted(by: NvidiaSMIParser.usesMore)
  }
}
