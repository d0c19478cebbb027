internal import AgentMetrics
internal import SystemIO

/// Parser of `nvidia-smi --query-… --format=csv,noheader,nounits`: one line per GPU or process, fields separated by ",
/// ".
///
/// Placeholders instead of a number: `[N/A]`, `N/A`, `[Not Supported]`, `[Unknown Error]`, `ERR!`, `[GPU is lost]`.
enum NvidiaSMIParser {
  private static let who = ["uuid", "pci.bus_id", "driver_version"]
  private static let use = ["temperature.gpu", "utilization.gpu", "memory.total", "memory.used"]
  private static let common = [
    "utilization.memory", "power.draw", "enforced.power.limit", "clocks.current.graphics", "clocks.current.memory",
    "clocks.max.graphics", "fan.speed", "pcie.link.gen.current", "pcie.link.width.current", "pstate",
    "ecc.errors.corrected.volatile.total", "ecc.errors.uncorrected.volatile.total",
  ]
  private static let recent = ["temperature.memory", "mig.mode.current"]

  /// Fields to query, the longest list first: for drivers since about 570, since 535, since 450, since 340, for all.
  ///
  /// The name is last, since it may contain a comma.
  static let questions: [[String]] = [
    who + use + common + recent + [
      "clocks_event_reasons.active", "utilization.encoder", "utilization.decoder", "gpu_recovery_action",
      "pcie.link.gen.max", "pcie.link.width.max", "name",
    ],
    who + use + common + recent
      + ["clocks_event_reasons.active", "utilization.encoder", "utilization.decoder", "name"],
    who + use + common + recent + ["clocks_throttle_reasons.active", "name"],
    who + use + common + ["name"],
    who + use + ["name"],
  ]

  /// Parses GPUs; lines without all fields are messages and are skipped.
  static func gpus(_ bytes: Span<UInt8>, fields: [String]) -> [GPU] {
    lines(bytes).compactMap { line in
      let values = split(line, count: fields.count)
      guard values.count == fields.count, values[0].hasPrefix("GPU-") else { return nil }
      var gpu = GPU(vendor: "nvidia")
      for (field, value) in zip(fields, values) { set(field, value, of: &gpu) }
      let reported = Dictionary(zip(fields, values), uniquingKeysWith: { first, _ in first })
      if hasNoMemory(reported["memory.total"], gpu) { gpu.hasUnifiedMemory = true }
      if gpu.vramUsed > gpu.vramTotal { gpu.vramUsed = .nan }
      if reported["pcie.link.gen.max"] == "1", reported["pcie.link.width.max"] == "1" {
        (gpu.pcieGeneration, gpu.pcieWidth) = (.nan, .nan)
      }
      return gpu
    }
  }

  /// Whether a GPU has no memory of its own: the total is not applicable, while other values of the chip are present.
  static func hasNoMemory(_ total: String?, _ gpu: GPU) -> Bool {
    if UnifiedMemory.isKnown(gpu.model) { return true }
    guard let total, gpu.state == .active, gpu.instances == nil, !(gpu.util.isNaN && gpu.temperature.isNaN) else {
      return false
    }
    return ["[N/A]", "N/A", "[Not Supported]", "Not Supported"].contains(total) || number(total) == 0
  }

  /// Addresses of GPUs that a message reports as lost.
  ///
  /// "Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost."
  static func lost(_ bytes: Span<UInt8>) -> [String] {
    lines(bytes).filter {
      !$0.hasPrefix("GPU-") && ($0.contains("Unable to determine the device handle") || isLost($0))
    }
    .compactMap { line in
      // "GPU0000:02:00.0:" in some versions, "GPU0: 0000:02:00.0:" in others.
      line.split(separator: " ").lazy.compactMap { word in
        var address = word.hasPrefix("GPU") ? word.dropFirst(3) : word[...]
        while let last = address.last, last == ":" || last == "." || last == "," { address = address.dropLast() }
        return PCIAddress.text(String(address))
      }.first
    }
  }

  /// Processes by the GPU's UUID, most memory first.
  static func processes(_ bytes: Span<UInt8>) -> [String: [GPUProcess]] {
    var processes: [String: [GPUProcess]] = [:]
    for line in lines(bytes) {
      let values = split(line, count: 3)
      guard values.count == 3, let pid = Int32(values[1]), pid > 0 else { continue }
      var process = GPUProcess(pid: pid)
      process.kind = "compute"
      process.vram = Plausible.bytes(number(values[2]) * 1_048_576)
      processes[values[0], default: []].append(process)
    }
    return processes.mapValues { $0.sorted(by: usesMore) }
  }

  /// Whether a process precedes another: by descending memory, those without a value last.
  static func usesMore(_ first: GPUProcess, _ second: GPUProcess) -> Bool {
    let (left, right) = (first.vram.isNaN ? -1 : first.vram, second.vram.isNaN ? -1 : second.vram)
    return (right, first.pid) < (left, second.pid)
  }

  private static func set(_ field: String, _ value: String, of gpu: inout GPU) {
    if isLost(value) {
      gpu.state = .lost
      if gpu.recoveryAction == nil, value.contains("requires reset") { gpu.recoveryAction = "Reset" }
    }
    switch field {
    case "uuid": gpu.uuid = value
    case "pci.bus_id": gpu.pciAddress = PCIAddress.text(value)
    case "driver_version": gpu.driver = text(value)
    case "name": gpu.model = text(value)
    case "pstate": gpu.performanceState = value.hasPrefix("P") ? text(value) : nil
    case "temperature.gpu": gpu.temperature = Plausible.celsius(number(value))
    case "temperature.memory": gpu.memoryTemperature = Plausible.celsius(number(value))
    case "utilization.gpu": gpu.util = share(value)
    case "utilization.memory": gpu.memoryUtil = share(value)
    case "utilization.encoder": gpu.encoder = share(value)
    case "utilization.decoder": gpu.decoder = share(value)
    case "fan.speed": gpu.fan = share(value)
    case "memory.total": gpu.vramTotal = nonzero(Plausible.bytes(number(value) * 1_048_576))
    case "memory.used": gpu.vramUsed = Plausible.bytes(number(value) * 1_048_576)
    case "power.draw": gpu.power = Plausible.watts(number(value))
    case "enforced.power.limit": gpu.powerLimit = Plausible.watts(number(value))
    case "clocks.current.graphics": gpu.clock = Plausible.hertz(number(value) * 1e6)
    case "clocks.max.graphics": gpu.clockMaximum = Plausible.hertz(number(value) * 1e6)
    case "clocks.current.memory": gpu.memoryClock = Plausible.hertz(number(value) * 1e6)
    case "pcie.link.gen.current": gpu.pcieGeneration = Plausible.linkGeneration(number(value))
    case "pcie.link.width.current": gpu.pcieWidth = Plausible.linkWidth(number(value))
    case "ecc.errors.corrected.volatile.total": gpu.eccCorrected = Plausible.count(number(value))
    case "ecc.errors.uncorrected.volatile.total": gpu.eccUncorrected = Plausible.count(number(value))
    case "gpu_recovery_action": gpu.recoveryAction = RecoveryAction.text(value) ?? gpu.recoveryAction
    case "clocks_event_reasons.active", "clocks_throttle_reasons.active":
      gpu.throttleReasons =
        value.hasPrefix("0x") ? UInt64(value.dropFirst(2), radix: 16).map { ThrottleReasons.text($0) } : nil
    case "mig.mode.current":
      // The instances come with the report; a partitioned GPU has no utilization.
      if value == "Enabled" { gpu.instances = [] }
    default: break
    }
  }

  private static func lines(_ bytes: Span<UInt8>) -> [String] {
    bytes.string(0..<bytes.count).split(whereSeparator: \.isNewline).prefix(4_096).map { String($0) }
  }

  /// Splits into at most `count` fields; the last keeps its commas.
  private static func split(_ line: String, count: Int) -> [String] {
    line.split(separator: ",", maxSplits: count - 1, omittingEmptySubsequences: false).map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// Whether a value reports a lost device.
  static func isLost(_ value: String) -> Bool {
    value.contains("GPU is lost") || value.contains("GPU requires reset")
  }

  /// The text of a value; nil for a placeholder.
  static func text(_ value: String) -> String? {
    value.isEmpty || value.hasPrefix("[") || value == "N/A" || value == "ERR!" || value == "Unknown Error"
      || value == "None" || value == "Not Supported" || value == "Requested functionality has been deprecated"
      ? nil : value
  }

  /// The number of a value, which a unit may follow, or NaN.
  static func number(_ value: String) -> Double {
    let word = value.prefix { $0 != " " && $0 != "%" && $0 != "x" }
    guard let first = word.utf8.first, first.isDigit, let number = Double(word), number.isFinite else { return .nan }
    return number
  }

  /// Converts a percentage to a share; NaN above 100.
  static func share(_ value: String) -> Double {
    let percent = number(value)
    return percent <= 100 ? percent / 100 : .nan
  }

  private static func nonzero(_ value: Double) -> Double { value > 0 ? value : .nan }
}
