internal import AgentMetrics
internal import CNVML
internal import Collect
internal import SystemIO

/// One device of NVML from reading to reading: what it does not support, and the counters that rates are taken of.
final class NVMLDevice {
  private let nvml: NVML
  private let handle: NVML.Device
  /// Names, ids and limits, which stand while the driver is loaded.
  private(set) var identity = GPU(vendor: "nvidia")
  /// Figures that the device said it will never tell.
  private var unsupported: Set<String> = []
  private var energy: (millijoules: UInt64, instant: Double)?
  private var sampledUntil: [UInt32: UInt64] = [:]
  private var processesUntil: UInt64 = 0
  /// What was wrong with the device or the library as a whole, rather than with one figure.
  private(set) var failure: NVML.Status?

  init(_ nvml: NVML, _ handle: NVML.Device, driver: String?, cuda: String?) {
    self.nvml = nvml
    self.handle = handle
    identity.driver = driver
    identity.cuda = cuda
    identity.model = text("name", nvml.name)
    identity.uuid = text("uuid", nvml.uuid)
    var pci = CNVMLPciInfo()
    if let call = nvml.pciInfo, ask("pci", { call(handle, &pci) }) {
      identity.pciAddress = PCIAddress.text(domain: pci.domain, bus: pci.bus, device: pci.device)
    }
    identity.clockMaximum = number("clock maximum", nvml.clockMaximum, 0) * 1e6
    // 1 is the temperature at which it slows down.
    identity.slowdownTemperature = Plausible.celsius(number("slowdown", nvml.temperatureThreshold, 1))
  }

  /// All figures now; those that are not told are absent.
  func read(at instant: Double, machineMemory: Double) -> GPU {
    failure = nil
    var gpu = identity
    readUse(into: &gpu)
    readMemory(into: &gpu, machineMemory: machineMemory)
    gpu.temperature = Plausible.celsius(number("temperature", nvml.temperature, 0))
    readPower(into: &gpu, at: instant)
    gpu.clock = Plausible.hertz(number("clock", nvml.clock, 0) * 1e6)
    gpu.memoryClock = Plausible.hertz(number("memory clock", nvml.clock, 2) * 1e6)
    gpu.fan = Self.share(number("fan", nvml.fan))
    gpu.pcieGeneration = number("generation", nvml.linkGeneration)
    gpu.pcieWidth = number("width", nvml.linkWidth)
    gpu.encoder = Self.share(first("encoder", nvml.encoder))
    gpu.decoder = Self.share(first("decoder", nvml.decoder))
    let state = number("performance state", nvml.performanceState)
    // 32 is "unknown".
    gpu.performanceState = state.isFinite && state < 16 ? "P\(Int(state))" : nil
    readHealth(into: &gpu)
    readInstances(into: &gpu)
    readProcesses(into: &gpu)
    if failure?.isLost == true {
      gpu = identity
      gpu.state = .lost
    }
    return gpu
  }

  // MARK: Figures

  private func readUse(into gpu: inout GPU) {
    var rates = CNVMLUtilization()
    if let call = nvml.utilization, ask("utilization", { call(handle, &rates) }) {
      gpu.util = Self.share(Double(rates.gpu))
      gpu.memoryUtil = Self.share(Double(rates.memory))
    }
    // One value covers a sixth of a second to a second; the driver's own samples cover all the time since the last look.
    if let samples = samples(of: 1) {
      gpu.util = samples.mean
      gpu.utilPeak = samples.peak
    }
    if let samples = samples(of: 2) { gpu.memoryUtil = samples.mean }
  }

  private func readMemory(into gpu: inout GPU, machineMemory: Double) {
    var second = CNVMLMemoryV2()
    second.version = UInt32(MemoryLayout<CNVMLMemoryV2>.size) | 2 << 24
    var first = CNVMLMemory()
    if let call = nvml.memoryV2, ask("memory 2", { call(handle, &second) }), second.total > 0 {
      gpu.vramTotal = Plausible.bytes(Double(second.total))
      gpu.vramUsed = Plausible.bytes(Double(second.used))
    } else if let call = nvml.memory, ask("memory", { call(handle, &first) }), first.total > 0 {
      gpu.vramTotal = Plausible.bytes(Double(first.total))
      gpu.vramUsed = Plausible.bytes(Double(first.used))
    } else if failure == nil, nvml.memory != nil || nvml.memoryV2 != nil {
      // GB10, Jetson: the memory is the machine's, and the driver tells none or 0.
      gpu.hasUnifiedMemory = true
      gpu.vramTotal = machineMemory
    }
    var field = CNVMLFieldValue()
    field.field = 82  // NVML_FI_DEV_MEMORY_TEMP
    if let call = nvml.fields, ask("memory temperature", { call(handle, 1, &field) }), field.result == 0 {
      gpu.memoryTemperature = Plausible.celsius(Double(field.value.as_unsigned))
    }
  }

  private func readPower(into gpu: inout GPU, at instant: Double) {
    gpu.power = Plausible.watts(number("power", nvml.power) / 1_000)
    gpu.powerLimit = Plausible.watts(number("power limit", nvml.powerLimit) / 1_000)
    var total: UInt64 = 0
    guard let call = nvml.energy, ask("energy", { call(handle, &total) }) else { return }
    gpu.energy = Double(total) / 1_000
    // What it drew over the whole time since the last look is truer than what it draws at an instant.
    if let energy, total >= energy.millijoules, instant > energy.instant {
      let watts = Double(total - energy.millijoules) / 1_000 / (instant - energy.instant)
      if watts > 0, watts < 5_000 { gpu.power = watts }
    }
    energy = (total, instant)
  }

  private func readHealth(into gpu: inout GPU) {
    var reasons: UInt64 = 0
    if let call = nvml.throttleReasons, ask("throttle", { call(handle, &reasons) }) {
      gpu.throttleReasons = ThrottleReasons.text(reasons)
    }
    // Volatile counts, since the driver was loaded: corrected is 0, uncorrected 1.
    var errors: UInt64 = 0
    if let call = nvml.errors, ask("corrected errors", { call(handle, 0, 0, &errors) }) {
      gpu.eccCorrected = Double(errors)
    }
    if let call = nvml.errors, ask("uncorrected errors", { call(handle, 1, 0, &errors) }) {
      gpu.eccUncorrected = Double(errors)
    }
    var (corrected, uncorrected, pending, failed): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    if let call = nvml.remappedRows, ask("rows", { call(handle, &corrected, &uncorrected, &pending, &failed) }) {
      gpu.retiredPages = Double(corrected) + Double(uncorrected)
    }
  }

  /// MIG's parts; while a GPU is divided, the driver tells no use of it.
  private func readInstances(into gpu: inout GPU) {
    guard first("mig", nvml.migMode) == 1, let part = nvml.migDevice else { return }
    let count = number("mig count", nvml.migCount)
    gpu.util = .nan
    gpu.utilPeak = .nan
    gpu.memoryUtil = .nan
    var instances: [GPUInstance] = []
    for index in 0..<UInt32(min(count.isFinite ? count : 0, 64)) {
      var device: NVML.Device?
      // Places without a part say so.
      guard part(handle, index, &device) == 0, let device else { continue }
      var characters = [CChar](repeating: 0, count: 96)
      guard let uuid = nvml.uuid, uuid(device, &characters, UInt32(characters.count)) == 0 else { continue }
      var instance = GPUInstance(uuid: Self.string(characters))
      if let name = nvml.name, name(device, &characters, UInt32(characters.count)) == 0 {
        // "NVIDIA A100-SXM4-40GB MIG 1g.5gb".
        instance.profile = Self.string(characters).split(separator: " ").last.map { String($0) }
      }
      var memory = CNVMLMemory()
      if let call = nvml.memory, call(device, &memory) == 0 {
        instance.vramTotal = Plausible.bytes(Double(memory.total))
        instance.vramUsed = Plausible.bytes(Double(memory.used))
      }
      instances.append(instance)
    }
    gpu.instances = instances
  }

  // MARK: Processes

  private func readProcesses(into gpu: inout GPU) {
    var processes: [Int32: GPUProcess] = [:]
    var isTold = false
    for (list, kind) in [(nvml.computeProcesses, "compute"), (nvml.graphicsProcesses, "graphics")] {
      guard let list, let found = self.list(kind, list) else { continue }
      isTold = true
      for (pid, memory) in found {
        var process = processes[pid] ?? GPUProcess(pid: pid)
        process.kind = process.kind.map { $0 == kind ? kind : "compute+graphics" } ?? kind
        if !(process.vram >= memory) { process.vram = memory }
        processes[pid] = process
      }
    }
    guard isTold else { return }
    for sample in processSamples() {
      guard var process = processes[Int32(clamping: sample.pid)] else { continue }
      process.util = Self.share(Double(sample.sm))
      process.encoder = Self.share(Double(sample.encoder))
      process.decoder = Self.share(Double(sample.decoder))
      processes[process.pid] = process
    }
    gpu.processes = processes.values.sorted {
      let (left, right) = ($0.vram.isNaN ? 0 : $0.vram, $1.vram.isNaN ? 0 : $1.vram)
      return (right, $0.pid) < (left, $1.pid)
    }
    if gpu.hasUnifiedMemory {
      gpu.vramUsed = processes.values.reduce(.nan) { $0.isNaN ? $1.vram : $1.vram.isNaN ? $0 : $0 + $1.vram }
    }
  }

  /// Pids and bytes; nil where the driver does not tell.
  private func list(_ name: String, _ function: (call: NVML.DeviceList, size: Int)) -> [(Int32, Double)]? {
    var count: UInt32 = 64
    for _ in 0..<3 {
      guard count <= 65_536 else { return nil }
      var words = [UInt64](repeating: 0, count: (Int(count) + 8) * function.size / 8)
      var status = NVML.Status.notSupported
      let isThere = ask(name, accepting: .insufficientSize) {
        let code = words.withUnsafeMutableBytes { function.call(handle, &count, $0.baseAddress) }
        status = NVML.Status(code: code)
        return code
      }
      guard isThere else { return nil }
      if status == .insufficientSize {
        // Others may come meanwhile.
        count = count &+ 16
        continue
      }
      return words.withUnsafeBytes { bytes in
        (0..<min(Int(count), bytes.count / function.size)).map { index in
          // In range by the line before; both layouts begin with pid and memory, in that order and place.
          let entry = bytes.loadUnaligned(fromByteOffset: index * function.size, as: CNVMLProcessV1.self)
          // NVML_VALUE_NOT_AVAILABLE.
          let memory = entry.used_memory == .max ? .nan : Plausible.bytes(Double(entry.used_memory))
          return (Int32(clamping: entry.pid), memory)
        }
      }
    }
    return nil
  }

  /// The newest sample of each process since the last look; values above 100 and old ones are the driver's debris.
  private func processSamples() -> [CNVMLProcessUtilization] {
    guard let call = nvml.processUtilization else { return [] }
    var count: UInt32 = 0
    var status = NVML.Status.success
    _ = ask("process utilization", accepting: .insufficientSize) { () -> Int32 in
      let code = call(handle, nil, &count, processesUntil)
      status = NVML.Status(code: code)
      return code
    }
    guard status == .insufficientSize || status == .success, count > 0, count <= 65_536 else { return [] }
    var samples = [CNVMLProcessUtilization](repeating: CNVMLProcessUtilization(), count: Int(count))
    // Without samples since then, it says that there are none: an error, and no news.
    guard call(handle, &samples, &count, processesUntil) == 0 else { return [] }
    let since = processesUntil
    var newest: [UInt32: CNVMLProcessUtilization] = [:]
    for sample in samples.prefix(Int(count)) where sample.timestamp > since && sample.sm <= 100 {
      if newest[sample.pid].map({ $0.timestamp < sample.timestamp }) ?? true { newest[sample.pid] = sample }
    }
    processesUntil = newest.values.map(\.timestamp).max() ?? since
    return Array(newest.values)
  }

  // MARK: Calls

  /// Mean and peak, as shares, of the driver's samples since the last look; nil where it has none.
  private func samples(of kind: UInt32) -> (mean: Double, peak: Double)? {
    guard let call = nvml.samples else { return nil }
    let since = sampledUntil[kind] ?? 0
    var count: UInt32 = 0
    var type: UInt32 = 0
    guard ask("samples \(kind)", { call(handle, kind, since, &type, &count, nil) }), count > 0, count <= 65_536 else {
      return nil
    }
    var samples = [CNVMLSample](repeating: CNVMLSample(), count: Int(count))
    guard call(handle, kind, since, &type, &count, &samples) == 0 else { return nil }
    var (sum, peak, number) = (0.0, 0.0, 0.0)
    var newest = since
    for sample in samples.prefix(Int(count)) where sample.timestamp > since {
      // NVML_VALUE_TYPE_DOUBLE is 0, UNSIGNED_INT 1, the wider ones follow.
      let value =
        type == 0
        ? sample.value.as_double
        : type == 1 ? Double(sample.value.as_unsigned) : Double(sample.value.as_unsigned_long)
      newest = max(newest, sample.timestamp)
      guard value >= 0, value <= 100 else { continue }
      sum += value
      peak = max(peak, value)
      number += 1
    }
    sampledUntil[kind] = newest
    return number > 0 ? (sum / number / 100, peak / 100) : nil
  }

  /// Whether a call told its figure; one that the device does not support is not called again.
  private func ask(_ figure: String, accepting other: NVML.Status = .success, _ call: () -> Int32) -> Bool {
    if failure != nil || unsupported.contains(figure) { return false }
    let status = NVML.Status(code: call())
    if status == .success || status == other { return true }
    if status == .notSupported || status == .functionNotFound { unsupported.insert(figure) }
    if status.isLost || status.needsInitialisation { failure = status }
    return false
  }

  private func number(_ figure: String, _ call: NVML.DeviceNumber?) -> Double {
    var value: UInt32 = 0
    guard let call, ask(figure, { call(handle, &value) }) else { return .nan }
    return Double(value)
  }

  private func number(_ figure: String, _ call: NVML.DeviceNumberOf?, _ which: UInt32) -> Double {
    var value: UInt32 = 0
    guard let call, ask(figure, { call(handle, which, &value) }) else { return .nan }
    return Double(value)
  }

  private func first(_ figure: String, _ call: NVML.DevicePair?) -> Double {
    var value: UInt32 = 0
    var other: UInt32 = 0
    guard let call, ask(figure, { call(handle, &value, &other) }) else { return .nan }
    return Double(value)
  }

  private func text(_ figure: String, _ call: NVML.DeviceText?) -> String? {
    var characters = [CChar](repeating: 0, count: 96)
    guard let call, ask(figure, { call(handle, &characters, UInt32(characters.count)) }) else { return nil }
    let text = Self.string(characters)
    return text.isEmpty ? nil : text
  }

  static func string(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A percentage as a share; NaN above 100, which drivers tell when they know nothing.
  private static func share(_ percent: Double) -> Double {
    percent >= 0 && percent <= 100 ? percent / 100 : .nan
  }
}

/// PCI addresses as sysfs writes them.
enum PCIAddress {
  /// "0000:3b:00.0".
  static func text(domain: UInt32, bus: UInt32, device: UInt32) -> String {
    func hexadecimal(_ value: UInt32, _ digits: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    return hexadecimal(domain, 4) + ":" + hexadecimal(bus, 2) + ":" + hexadecimal(device, 2) + ".0"
  }
}

/// Why clocks are held down (nvmlClocksEventReasons).
enum ThrottleReasons {
  /// The reasons joined by commas; idleness and settings that someone chose are none.
  static func text(_ bits: UInt64) -> String {
    let names: [(UInt64, String)] = [
      (0x04, "power_cap"), (0x08, "hw_slowdown"), (0x20, "sw_thermal"), (0x40, "hw_thermal"), (0x80, "power_brake"),
    ]
    return names.filter { bits & $0.0 != 0 }.map(\.1).joined(separator: ",")
  }
}
