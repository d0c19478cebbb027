internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// Output of rocm-smi.
extension AMDTools {
  /// Parses `rocm-smi … --json`, or comma-separated output; nil for any other text.
  static func parseROCm(_ bytes: Span<UInt8>) -> [GPU]? {
    var answer: [String: JSONValue]?
    for case .object(let members) in ToolValue.documents(bytes) where answer == nil || hasCards(members) {
      answer = members
      if hasCards(members) { break }
    }
    guard let cards = answer ?? table(bytes) else { return nil }
    let driver = ToolValue.text(cards["system"]?["Driver version"])
    return
      cards
      .compactMap { name, card -> (Int, GPU)? in
        number(ofCard: name).map { ($0, Self.gpu(ofROCm: card, driver: driver)) }
      }
      .sorted { $0.0 < $1.0 }
      .map(\.1)
  }

  private static func number(ofCard name: String) -> Int? {
    name.hasPrefix("card") ? Int(name.dropFirst(4)) : nil
  }

  private static func hasCards(_ members: [String: JSONValue]) -> Bool {
    members.keys.contains { number(ofCard: $0) != nil }
  }

  /// Cards by name, from comma-separated lines below a header that begins with "device,".
  private static func table(_ bytes: Span<UInt8>) -> [String: JSONValue]? {
    let lines = bytes.string(0..<bytes.count).split(whereSeparator: \.isNewline).prefix(4_096)
    guard let start = lines.firstIndex(where: { $0.hasPrefix("device,") }) else { return nil }
    let names = lines[start].split(separator: ",", omittingEmptySubsequences: false)
    var cards: [String: JSONValue] = [:]
    for line in lines[(start + 1)...] {
      let values = line.split(separator: ",", omittingEmptySubsequences: false)
      guard values.count == names.count, let card = values.first, number(ofCard: String(card)) != nil else { continue }
      var members: [String: JSONValue] = [:]
      for (name, value) in zip(names, values) { members[String(name)] = .string(String(value)) }
      cards[String(card)] = .object(members)
    }
    return cards
  }

  /// Converts one card; the spelling of its keys changed between versions.
  private static func gpu(ofROCm card: JSONValue, driver: String?) -> GPU {
    var members: [String: JSONValue] = [:]
    if case .object(let object) = card {
      for (key, value) in object where members[key.lowercased()] == nil || ToolValue.text(value) != nil {
        members[key.lowercased()] = value
      }
    }
    /// Value of the first key with a meaningful value.
    func value(_ keys: String...) -> JSONValue? {
      for key in keys {
        if let value = members[key], ToolValue.says(value) { return value }
      }
      return nil
    }
    var gpu = GPU(vendor: "amd")
    gpu.model = ToolValue.text(value("card series", "device name", "card model")).map { PCINames.full($0, "AMD") }
    gpu.uuid = ToolValue.text(value("unique id")).map { $0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0 }
    gpu.pciAddress = ToolValue.text(value("pci bus"))?.lowercased()
    gpu.driver = driver.map { "amdgpu " + $0 }
    gpu.util = ToolValue.percent(ToolValue.quantity(value("gpu use (%)")))
    gpu.memoryUtil = ToolValue.percent(
      ToolValue.quantity(value("gpu memory read/write activity (%)", "gpu memory use (%)")))
    gpu.hotspotTemperature = Plausible.celsius(ToolValue.quantity(value("temperature (sensor junction) (c)")))
    gpu.memoryTemperature = Plausible.celsius(
      ToolValue.quantity(value("temperature (sensor memory) (c)", "temperature (sensor hbm 0) (c)")))
    gpu.temperature = Plausible.celsius(ToolValue.quantity(value("temperature (sensor edge) (c)")))
    if gpu.temperature.isNaN { gpu.temperature = gpu.hotspotTemperature }
    gpu.power = Plausible.watts(
      ToolValue.quantity(
        value(
          "average graphics package power (w)", "current socket graphics package power (w)",
          "current graphics package power (w)")))
    gpu.powerLimit = Plausible.watts(ToolValue.quantity(value("max graphics package power (w)")))
    gpu.vramTotal = Plausible.bytes(ToolValue.quantity(value("vram total memory (b)")))
    gpu.vramUsed = Plausible.bytes(ToolValue.quantity(value("vram total used memory (b)")))
    gpu.sharedUsed = Plausible.bytes(ToolValue.quantity(value("gtt total used memory (b)")))
    gpu.fan = ToolValue.percent(ToolValue.quantity(value("fan speed (%)")))
    gpu.fanSpeed = Plausible.revolutions(ToolValue.quantity(value("fan rpm")))
    gpu.clock = Plausible.hertz(megahertz(value("sclk clock speed:", "sclk clock speed")) * 1e6)
    gpu.memoryClock = Plausible.hertz(megahertz(value("mclk clock speed:", "mclk clock speed")) * 1e6)
    return ToolValue.checked(gpu)
  }

  /// The number in "(500Mhz)", or NaN.
  private static func megahertz(_ value: JSONValue?) -> Double {
    guard let text = value?.text else { return .nan }
    return Double(text.drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "." }) ?? .nan
  }
}
