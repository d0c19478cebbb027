internal import AgentMetrics
internal import Collect
internal import SystemIO

/// AMD's GPUs by the vendor's tools, where sysfs shows none: in containers that see the devices alone.
///
/// amd-smi (ROCm 6 and later), else rocm-smi. Both are Python programs that take up to seconds, so that they run at most
/// each fifth second, and for a twentieth of the time. Whether a GPU sleeps they do not tell before it is too late.
final class AMDTools {
  /// Seconds between two runs, at least.
  static let period = 5.0
  /// Seconds to rest after a run that found nothing.
  static let emptyRest = 300.0

  /// Runs a tool and gives what it printed.
  typealias Run = (_ path: String, _ arguments: [String]) throws(CollectorError) -> [UInt8]

  private let root: String
  private let folders: [String]
  private let run: Run
  private var fixed: [Int: GPU]?
  private var hasGPUs = false
  private var failures = 0
  private var retryAt = -Double.infinity
  private var failure: CollectorError?

  /// The tools in an environment's folders, and where ROCm installs them.
  init(_ environment: GPUEnvironment, run: @escaping Run) {
    root = environment.root
    folders = environment.toolPath + ["/opt/rocm/bin"]
    self.run = run
  }

  /// Asks the tools; nil where there are no devices, or no tools.
  ///
  /// - Throws: CollectorError where they told of GPUs before and now do not.
  func read(at instant: Double) throws(CollectorError) -> GPUAnswer? {
    // The compute driver's device, or any graphics device: else a run could only end in an error.
    guard Files.exists(root + "/dev/kfd") || Files.exists(root + "/dev/dri") else { return nil }
    if instant < retryAt {
      if hasGPUs, let failure { throw failure }
      return nil
    }
    let started = Clock.monotonic
    do {
      guard let gpus = try ask() else { return nil }
      failures = 0
      failure = nil
      hasGPUs = hasGPUs || !gpus.isEmpty
      return GPUAnswer(
        gpus: gpus, rest: gpus.isEmpty ? Self.emptyRest : max(Self.period, 20 * (Clock.monotonic - started)))
    } catch {
      failures += 1
      failure = error
      fixed = nil
      retryAt = instant + (hasGPUs ? min(Self.emptyRest, 15 * Double(1 << min(failures, 8))) : Self.emptyRest)
      // Tools without a device are usual, and no error.
      if hasGPUs { throw error }
      return nil
    }
  }

  /// The GPUs by the first tool that works; nil where there is no tool.
  private func ask() throws(CollectorError) -> [GPU]? {
    guard let path = Tool.find("amd-smi", in: folders) else { return try askROCm() }
    do {
      return try askAMD(path)
    } catch {
      if let gpus = try askROCm() { return gpus }
      throw error
    }
  }

  private func askAMD(_ path: String) throws(CollectorError) -> [GPU] {
    if fixed == nil {
      let text = try run(path, ["static", "--json"])
      fixed = Self.parseStatic(text.span)
    }
    let text = try run(path, ["metric", "--json"])
    guard let gpus = Self.parseMetric(text.span, fixed: fixed ?? [:]), !gpus.isEmpty else {
      throw CollectorError("amd-smi: no GPU in its answer")
    }
    return gpus
  }

  private func askROCm() throws(CollectorError) -> [GPU]? {
    guard let path = Tool.find("rocm-smi", in: folders) else { return nil }
    let text = try run(
      path,
      [
        "--showproductname", "--showuniqueid", "--showbus", "--showdriverversion", "--showtemp", "--showuse",
        "--showmemuse", "--showpower", "--showmaxpower", "--showfan", "--showclocks", "--showmeminfo", "vram", "gtt",
        "--json",
      ])
    guard let gpus = Self.parseROCm(text.span) else { throw CollectorError("rocm-smi: its answer is no JSON") }
    return gpus
  }

  // MARK: amd-smi

  /// Names, addresses and limits by the tool's index, of `amd-smi static --json`.
  static func parseStatic(_ bytes: Span<UInt8>) -> [Int: GPU] {
    var gpus: [Int: GPU] = [:]
    for entry in entries(bytes) {
      guard let index = number(entry["gpu"]).flatMap({ Int(exactly: $0) }) else { continue }
      var gpu = GPU(vendor: "amd")
      gpu.model = text(entry["asic"]?["market_name"]).map { PCINames.full($0, "AMD") }
      gpu.uuid = text(entry["asic"]?["asic_serial"]).map { $0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0 }
      gpu.pciAddress = text(entry["bus"]?["bdf"])?.lowercased()
      gpu.driver = text(entry["driver"]?["version"] ?? entry["driver"]?["driver_version"]).map { "amdgpu " + $0 }
      let limit = entry["limit"]
      gpu.powerLimit = Plausible.watts(quantity(limit, "socket_power", "power_cap", "max_power"))
      gpu.slowdownTemperature = Plausible.celsius(
        quantity(limit, "slowdown_edge_temperature", "slowdown_hotspot_temperature"))
      gpus[index] = gpu
    }
    return gpus
  }

  /// The figures of `amd-smi metric --json`; nil where it is no JSON.
  static func parseMetric(_ bytes: Span<UInt8>, fixed: [Int: GPU]) -> [GPU]? {
    guard json(bytes) != nil else { return nil }
    return entries(bytes).compactMap { entry in
      guard let index = number(entry["gpu"]).flatMap({ Int(exactly: $0) }) else { return nil }
      var gpu = fixed[index] ?? GPU(vendor: "amd")
      gpu.util = percent(entry["usage"]?["gfx_activity"] ?? entry["usage"]?["gfx_usage"])
      gpu.memoryUtil = percent(entry["usage"]?["umc_activity"])
      let temperature = entry["temperature"]
      gpu.hotspotTemperature = Plausible.celsius(quantity(temperature?["hotspot"]))
      gpu.memoryTemperature = Plausible.celsius(quantity(temperature?["mem"]))
      gpu.temperature = Plausible.celsius(quantity(temperature?["edge"]))
      if gpu.temperature.isNaN { gpu.temperature = gpu.hotspotTemperature }
      gpu.power = Plausible.watts(
        quantity(entry["power"], "socket_power", "average_socket_power", "current_socket_power"))
      gpu.vramTotal = bytesOf(entry["mem_usage"]?["total_vram"])
      gpu.vramUsed = bytesOf(entry["mem_usage"]?["used_vram"])
      gpu.sharedUsed = bytesOf(entry["mem_usage"]?["used_gtt"])
      let core = entry["clock"]?["gfx_0"] ?? entry["clock"]?["GFX_0"] ?? entry["clock"]?["gfx"]
      gpu.clock = Plausible.hertz(quantity(core?["clk"] ?? core?["cur_clk"]) * 1e6)
      gpu.clockMaximum = Plausible.hertz(quantity(core?["max_clk"]) * 1e6)
      let memory = entry["clock"]?["mem_0"] ?? entry["clock"]?["MEM_0"] ?? entry["clock"]?["mem"]
      gpu.memoryClock = Plausible.hertz(quantity(memory?["clk"] ?? memory?["cur_clk"]) * 1e6)
      gpu.fanSpeed = Plausible.revolutions(quantity(entry["fan"]?["rpm"]))
      gpu.fan = percent(entry["fan"]?["usage"])
      gpu.pcieGeneration = PCILink.generation(rate: quantity(entry["pcie"]?["speed"]))
      let width = quantity(entry["pcie"]?["width"])
      gpu.pcieWidth = width >= 1 && width <= 32 ? width : .nan
      gpu.eccCorrected = count(entry["ecc"]?["total_correctable_count"])
      gpu.eccUncorrected = count(entry["ecc"]?["total_uncorrectable_count"])
      let energy = quantity(entry["energy"]?["total_energy_consumption"])
      gpu.energy = energy > 0 ? energy : .nan
      return checked(gpu)
    }
  }

  /// One entry for each GPU: a list, which since ROCm 7 is the member "gpu_data" of an object.
  private static func entries(_ bytes: Span<UInt8>) -> [JSONValue] {
    guard let json = json(bytes) else { return [] }
    return json["gpu_data"]?.elements ?? json.elements
  }

  // MARK: rocm-smi

  /// The figures of `rocm-smi … --json`; nil where it is no JSON.
  static func parseROCm(_ bytes: Span<UInt8>) -> [GPU]? {
    guard case .object(let cards)? = json(bytes) else { return nil }
    let driver = text(cards["system"]?["Driver version"])
    return
      cards
      .compactMap { name, card -> (Int, GPU)? in
        guard name.hasPrefix("card"), let number = Int(name.dropFirst(4)) else { return nil }
        return (number, Self.gpu(ofROCm: card, driver: driver))
      }
      .sorted { $0.0 < $1.0 }
      .map(\.1)
  }

  /// One card; its keys changed their spelling from version to version.
  private static func gpu(ofROCm card: JSONValue, driver: String?) -> GPU {
    func value(_ keys: String...) -> JSONValue? {
      for key in keys {
        if let value = card[key] { return value }
      }
      return nil
    }
    var gpu = GPU(vendor: "amd")
    gpu.model = text(value("Card Series", "Card series", "Device Name", "Card model")).map { PCINames.full($0, "AMD") }
    gpu.uuid = text(value("Unique ID")).map { $0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0 }
    gpu.pciAddress = text(value("PCI Bus"))?.lowercased()
    gpu.driver = driver.map { "amdgpu " + $0 }
    gpu.util = percent(value("GPU use (%)"))
    gpu.memoryUtil = percent(value("GPU Memory Read/Write Activity (%)"))
    gpu.hotspotTemperature = Plausible.celsius(quantity(value("Temperature (Sensor junction) (C)")))
    gpu.memoryTemperature = Plausible.celsius(quantity(value("Temperature (Sensor memory) (C)")))
    gpu.temperature = Plausible.celsius(quantity(value("Temperature (Sensor edge) (C)")))
    if gpu.temperature.isNaN { gpu.temperature = gpu.hotspotTemperature }
    gpu.power = Plausible.watts(
      quantity(
        value(
          "Average Graphics Package Power (W)", "Current Socket Graphics Package Power (W)",
          "Current Graphics Package Power (W)")))
    gpu.powerLimit = Plausible.watts(quantity(value("Max Graphics Package Power (W)")))
    gpu.vramTotal = Plausible.bytes(quantity(value("VRAM Total Memory (B)")))
    gpu.vramUsed = Plausible.bytes(quantity(value("VRAM Total Used Memory (B)")))
    gpu.sharedUsed = Plausible.bytes(quantity(value("GTT Total Used Memory (B)")))
    gpu.fan = percent(value("Fan speed (%)", "Fan Speed (%)"))
    gpu.fanSpeed = Plausible.revolutions(quantity(value("Fan RPM")))
    gpu.clock = Plausible.hertz(megahertz(value("sclk clock speed:", "sclk clock speed")) * 1e6)
    gpu.memoryClock = Plausible.hertz(megahertz(value("mclk clock speed:", "mclk clock speed")) * 1e6)
    return checked(gpu)
  }

  // MARK: Values

  /// The text from its first line that begins as JSON does: warnings may come before.
  private static func json(_ bytes: Span<UInt8>) -> JSONValue? {
    var position = 0
    while position < bytes.count {
      if bytes.starts(with: "{", at: position) || bytes.starts(with: "[", at: position) {
        // "[WARNING] …" begins a line too.
        if let value = JSONValue(bytes.extracting(position..<bytes.count)) { return value }
      }
      bytes.skipLine(&position)
    }
    return nil
  }

  private static func checked(_ gpu: GPU) -> GPU {
    var gpu = gpu
    if gpu.vramTotal == 0 { gpu.vramTotal = .nan }
    if gpu.vramUsed > gpu.vramTotal { gpu.vramUsed = .nan }
    return gpu
  }

  /// A text that says something.
  private static func text(_ value: JSONValue?) -> String? {
    guard let text = value?.text, !text.isEmpty, text != "N/A", text != "None" else { return nil }
    return text
  }

  /// A number, or a text that is one.
  private static func number(_ value: JSONValue?) -> Double? {
    switch value {
    case .number(let number)?: number
    case .string(let text)?:
      Double(text.hasSuffix("%") ? text.dropLast() : text[...]).flatMap { $0.isFinite ? $0 : nil }
    default: nil
    }
  }

  /// A number with or without a unit, {"value": 41, "unit": "W"}; NaN where it is "N/A".
  private static func quantity(_ value: JSONValue?) -> Double {
    number(value?["value"] ?? value) ?? .nan
  }

  /// The first of an object's members that is a quantity.
  private static func quantity(_ object: JSONValue?, _ keys: String...) -> Double {
    for key in keys {
      let value = quantity(object?[key])
      if !value.isNaN { return value }
    }
    return .nan
  }

  private static func percent(_ value: JSONValue?) -> Double {
    let number = quantity(value)
    return number >= 0 && number <= 100 ? number / 100 : .nan
  }

  private static func count(_ value: JSONValue?) -> Double {
    let number = quantity(value)
    return number >= 0 ? number : .nan
  }

  /// Bytes of an amount in "MB", by which the tool means mebibytes, as it is in older versions without a unit.
  private static func bytesOf(_ value: JSONValue?) -> Double {
    let factor =
      switch value?["unit"]?.text {
      case "B"?: 1.0
      case "KB"?: 0x1p10
      case "GB"?: 0x1p30
      default: 0x1p20
      }
    return Plausible.bytes(quantity(value) * factor)
  }

  /// The number in "(500Mhz)"; NaN where there is none.
  private static func megahertz(_ value: JSONValue?) -> Double {
    guard let text = value?.text else { return .nan }
    return Double(text.drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "." }) ?? .nan
  }
}
