internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// Output of amd-smi.
extension AMDTools {
  /// Parses `amd-smi static --json`: names, addresses and limits by the tool's index.
  static func parseStatic(_ bytes: Span<UInt8>) -> [Int: GPU] {
    var gpus: [Int: GPU] = [:]
    for entry in entries(bytes) ?? [] {
      guard let index = ToolValue.number(entry["gpu"]).flatMap({ Int(exactly: $0) }) else { continue }
      var gpu = GPU(vendor: "amd")
      gpu.model = ToolValue.text(entry["asic"]?["market_name"]).map { PCINames.full($0, "AMD") }
      gpu.uuid = ToolValue.text(entry["asic"]?["asic_serial"]).map { $0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0 }
      gpu.pciAddress = ToolValue.text(entry["bus"]?["bdf"])?.lowercased()
      gpu.driver = ToolValue.text(entry["driver"]?["version"] ?? entry["driver"]?["driver_version"])
        .map { "amdgpu " + $0 }
      let limit = entry["limit"]
      gpu.powerLimit = Plausible.watts(ToolValue.quantity(limit, "socket_power", "power_cap", "max_power"))
      gpu.slowdownTemperature = Plausible.celsius(
        ToolValue.quantity(limit, "slowdown_edge_temperature", "slowdown_hotspot_temperature"))
      gpus[index] = gpu
    }
    return gpus
  }

  /// Parses the values of `amd-smi metric --json`; nil without JSON.
  static func parseMetric(_ bytes: Span<UInt8>, fixed: [Int: GPU]) -> [GPU]? {
    entries(bytes)?.compactMap { entry in
      guard let index = ToolValue.number(entry["gpu"]).flatMap({ Int(exactly: $0) }) else { return nil }
      var gpu = fixed[index] ?? GPU(vendor: "amd")
      let usage = entry["usage"]
      gpu.util = ToolValue.percent(ToolValue.quantity(usage, "gfx_activity", "gfx_usage", "gfx_busy"))
      gpu.memoryUtil = ToolValue.percent(ToolValue.quantity(usage, "umc_activity", "mem_activity"))
      let temperature = entry["temperature"]
      gpu.hotspotTemperature = Plausible.celsius(
        ToolValue.quantity(temperature, "hotspot", "hotspot_temperature", "junction", "junction_temperature"))
      gpu.memoryTemperature = Plausible.celsius(
        ToolValue.quantity(temperature, "mem", "mem_temperature", "vram_temperature"))
      gpu.temperature = Plausible.celsius(ToolValue.quantity(temperature, "edge", "edge_temperature"))
      if gpu.temperature.isNaN { gpu.temperature = gpu.hotspotTemperature }
      gpu.power = Plausible.watts(
        ToolValue.quantity(
          entry["power"], "socket_power", "average_socket_power", "current_socket_power", "current_power"))
      let memory = entry["mem_usage"] ?? entry["fb_usage"] ?? entry["vram_usage"]
      gpu.vramTotal = ToolValue.bytes(memory?["total_vram"])
      gpu.vramUsed = ToolValue.bytes(memory?["used_vram"])
      gpu.sharedUsed = ToolValue.bytes(memory?["used_gtt"])
      let clocks = entry["clock"]
      let core = clocks?["gfx_0"] ?? clocks?["GFX_0"] ?? clocks?["gfx"]
      gpu.clock = Plausible.hertz(ToolValue.quantity(core, "clk", "cur_clk", "current_clock") * 1e6)
      gpu.clockMaximum = Plausible.hertz(ToolValue.quantity(core, "max_clk", "max_clock") * 1e6)
      let memoryClock = clocks?["mem_0"] ?? clocks?["MEM_0"] ?? clocks?["mem"]
      gpu.memoryClock = Plausible.hertz(ToolValue.quantity(memoryClock, "clk", "cur_clk", "current_clock") * 1e6)
      gpu.fanSpeed = Plausible.revolutions(ToolValue.quantity(entry["fan"]?["rpm"]))
      gpu.fan = ToolValue.percent(ToolValue.quantity(entry["fan"]?["usage"]))
      gpu.pcieGeneration = PCILink.generation(rate: ToolValue.quantity(entry["pcie"], "speed", "current_speed"))
      gpu.pcieWidth = Plausible.linkWidth(ToolValue.quantity(entry["pcie"], "width", "current_lanes"))
      gpu.eccCorrected = ToolValue.count(entry["ecc"]?["total_correctable_count"])
      gpu.eccUncorrected = ToolValue.count(entry["ecc"]?["total_uncorrectable_count"])
      let energy = ToolValue.quantity(entry["energy"]?["total_energy_consumption"])
      gpu.energy = energy > 0 ? energy : .nan
      return ToolValue.checked(gpu)
    }
  }

  /// One entry per GPU: a list, since ROCm 7 in the member "gpu_data" of an object; nil without JSON.
  private static func entries(_ bytes: Span<UInt8>) -> [JSONValue]? {
    let lists = ToolValue.documents(bytes).map { $0["gpu_data"]?.elements ?? $0.elements }
    // An object with an error may precede it.
    return lists.first { $0.contains { $0["gpu"] != nil } } ?? lists.first
  }
}
