internal import AgentMetrics
internal import CNVML
internal import Collect
internal import SystemIO

/// One device of NVML across readings, with its unsupported metrics and the previous counters for rates.
///
/// A normal reading makes 21 calls if the driver supports everything, and 5 more each minute for slow metrics.
final class NVMLDevice {
  /// Seconds between two readings of slow metrics.
  static let slowPeriod = 60.0
  /// Minimum seconds of a delta: the driver counts energy in steps of up to a tenth of a second.
  private static let shortest = 0.5

  /// NVML_FI_DEV_MEMORY_TEMP.
  private static let memoryTemperature: UInt32 = 82
  /// NVML_FI_DEV_PCIE_COUNT_TX_BYTES, from the device's point of view.
  private static let transmitted: UInt32 = 197
  /// NVML_FI_DEV_PCIE_COUNT_RX_BYTES.
  private static let received: UInt32 = 198

  private let nvml: NVML
  let handle: NVML.Device
  /// Names, ids and limits, constant while the driver is loaded.
  private(set) var identity = GPU(vendor: "nvidia")
  private let calls: NVMLCalls
  private var processes: NVMLProcesses
  /// Whether the device counts its PCI Express traffic; otherwise it must be measured, which is slow.
  private(set) var countsTraffic = false

  private var slowAt = -Double.infinity
  private var slow = GPU(vendor: "nvidia")
  private var fields = [
    memoryTemperature, transmitted, received, RecoveryAction.field, RecoveryAction.resetField,
    RecoveryAction.drainField,
  ]
  private var meter = EnergyMeter(shortest: shortest)
  private var recoveryAction: String?
  private var hasLink = true
  private var traffic: (received: Double, transmitted: Double, instant: Double)?
  private var sampledUntil: [UInt32: UInt64] = [:]
  private var sampleCapacity: [UInt32: Int] = [:]
  private var isDivided = false
  private var parts: [(handle: NVML.Device, instance: GPUInstance)] = []

  init(_ nvml: NVML, _ handle: NVML.Device, driver: String?, cuda: String?) {
    self.nvml = nvml
    self.handle = handle
    calls = NVMLCalls(handle)
    processes = NVMLProcesses(nvml, calls)
    identity.driver = driver
    identity.cuda = cuda
    identity.model = calls.text(.name, nvml.name)
    identity.uuid = calls.text(.uuid, nvml.uuid)
    var pci = CNVMLPciInfo()
    if let call = nvml.pciInfo, calls.ask(.pci, { call(handle, &pci) }) {
      identity.pciAddress = PCIAddress.text(domain: pci.domain, bus: pci.bus, device: pci.device)
    }
    identity.clockMaximum = Plausible.hertz(calls.number(.clockMaximum, nvml.clockMaximum, 0) * 1e6)
    // NVML_TEMPERATURE_THRESHOLD_SLOWDOWN; newer parts report only the distance to it.
    identity.slowdownTemperature = Plausible.celsius(calls.number(.slowdown, nvml.temperatureThreshold, 1))
  }

  /// Failure of the device or the library as a whole, rather than of one metric.
  var failure: NVML.Status? { calls.failure }

  /// Reads all metrics; those unreported are absent.
  func read(at instant: Double, machineMemory: () -> Double) -> GPU {
    calls.begin(at: instant)
    if instant - slowAt >= Self.slowPeriod { readSlow() }
    var gpu = identity
    gpu.temperature = temperature()
    readUse(into: &gpu)
    readMemory(into: &gpu, machineMemory: machineMemory)
    readPower(into: &gpu)
    readFields(into: &gpu)
    gpu.clock = Plausible.hertz(calls.number(.clock, nvml.clock, 0) * 1e6)
    gpu.memoryClock = Plausible.hertz(calls.number(.memoryClock, nvml.clock, 2) * 1e6)
    // Documented to exceed 100 in some cases.
    let fan = calls.number(.fan, nvml.fan)
    gpu.fan = fan <= 150 ? min(1, fan / 100) : .nan
    readLink(into: &gpu)
    gpu.encoder = NVMLCalls.share(calls.first(.encoder, nvml.encoder))
    gpu.decoder = NVMLCalls.share(calls.first(.decoder, nvml.decoder))
    // 32 is "unknown".
    let state = calls.number(.performanceState, nvml.performanceState)
    gpu.performanceState = state < 16 ? "P\(Int(state))" : nil
    readHealth(into: &gpu)
    readParts(into: &gpu)
    processes.read(into: &gpu)
    calls.end()
    guard failure?.isLost == true else { return gpu }
    gpu = identity
    gpu.state = .lost
    gpu.recoveryAction = recoveryAction ?? (failure == .resetRequired ? "Reset" : nil)
    return gpu
  }

  // MARK: Metrics

  /// Reads metrics that seldom change: limits, retired memory, MIG partitions.
  private func readSlow() {
    slowAt = calls.now
    slow.powerLimit = Plausible.watts(calls.number(.powerLimit, nvml.powerLimit) / 1_000)
    slow.retiredPages = retired()
    hasLink = findLink()
    let wasDivided = isDivided
    isDivided = calls.first(.migMode, nvml.migMode) == 1
    // The supported metrics differ then.
    if isDivided != wasDivided { calls.reset() }
    findParts()
  }

  private func temperature() -> Double {
    // NVML_TEMPERATURE_GPU is 0.
    let degrees = Plausible.celsius(calls.number(.temperature, nvml.temperature, 0))
    if !degrees.isNaN { return degrees }
    var reported = CNVMLTemperature()
    reported.version = UInt32(MemoryLayout<CNVMLTemperature>.size) | 1 << 24
    guard let call = nvml.temperatureV, calls.ask(.temperatureV, { call(handle, &reported) }) else { return .nan }
    return Plausible.celsius(Double(reported.temperature))
  }

  private func readUse(into gpu: inout GPU) {
    // Under MIG the driver reports no value, or 0.
    if isDivided { return }
    // One value covers a sixth of a second to a second; the driver's own samples cover all the time since the last
    // reading.
    let use = samples(.samples, of: 1)
    let memory = samples(.memorySamples, of: 2)
    if let use { (gpu.util, gpu.utilPeak) = use }
    if let memory { gpu.memoryUtil = memory.mean }
    if use != nil, memory != nil { return }
    var rates = CNVMLUtilization()
    guard let call = nvml.utilization, calls.ask(.utilization, { call(handle, &rates) }) else { return }
    if use == nil { gpu.util = NVMLCalls.share(Double(rates.gpu)) }
    if memory == nil { gpu.memoryUtil = NVMLCalls.share(Double(rates.memory)) }
  }

  /// Whether the device's PCI Express link is real: a chip connected to its processor by NVLink-C2C reports a maximum
  /// of one lane of the first generation.
  private func findLink() -> Bool {
    let limit = (
      calls.number(.maximumLinkGeneration, nvml.maximumLinkGeneration),
      calls.number(.maximumLinkWidth, nvml.maximumLinkWidth)
    )
    if limit == (1, 1) { return false }
    var mode = CNVMLC2C()
    guard let call = nvml.chipToChip, calls.ask(.chipToChip, { call(handle, &mode) }), mode.enabled == 1 else {
      return true
    }
    return calls.number(.linkWidth, nvml.linkWidth) > 1
  }

  private func readLink(into gpu: inout GPU) {
    guard hasLink, !gpu.hasUnifiedMemory else { return }
    gpu.pcieGeneration = Plausible.linkGeneration(calls.number(.linkGeneration, nvml.linkGeneration))
    gpu.pcieWidth = Plausible.linkWidth(calls.number(.linkWidth, nvml.linkWidth))
  }

  private func readMemory(into gpu: inout GPU, machineMemory: () -> Double) {
    let isUnified = UnifiedMemory.isKnown(gpu.model)
    if !isUnified, let memory = memory(of: handle, isDevice: true) {
      (gpu.vramTotal, gpu.vramUsed) = memory
      return
    }
    guard isUnified || failure == nil && memoryIsUnified else { return }
    // GB10, Jetson: the device uses the machine's memory, and the driver reports no memory, or 0.
    UnifiedMemory.mark(&gpu, machineMemory: machineMemory())
  }

  /// Whether the device has no memory of its own, rather than that reading it is not permitted.
  private var memoryIsUnified = false

  /// Total and used bytes of a device or a MIG instance.
  private func memory(of handle: NVML.Device, isDevice: Bool) -> (total: Double, used: Double)? {
    var status = NVML.Status.functionNotFound
    var second = CNVMLMemoryV2()
    second.version = UInt32(MemoryLayout<CNVMLMemoryV2>.size) | 2 << 24
    if let call = nvml.memoryV2, calls.ask(.memoryV2, status: &status, isOwn: isDevice, { call(handle, &second) }),
      second.total > 0
    {
      return Self.memory(total: second.total, used: second.used)
    }
    var first = CNVMLMemory()
    if let call = nvml.memory, calls.ask(.memory, status: &status, isOwn: isDevice, { call(handle, &first) }),
      first.total > 0
    {
      return Self.memory(total: first.total, used: first.used)
    }
    if isDevice, status == .notSupported || status == .success { memoryIsUnified = true }
    return nil
  }

  private static func memory(total: UInt64, used: UInt64) -> (total: Double, used: Double) {
    let memory = (total: Plausible.bytes(Double(total)), used: Plausible.bytes(Double(used)))
    return (memory.total, memory.used > memory.total ? .nan : memory.used)
  }

  private func readPower(into gpu: inout GPU) {
    gpu.powerLimit = slow.powerLimit
    var total: UInt64 = 0
    if let call = nvml.energy, calls.ask(.energy, { call(handle, &total) }) {
      // Mean power since the last reading is more accurate than momentary power.
      (gpu.energy, gpu.power) = meter.read(Double(total) / 1_000, at: calls.now)
    }
    if gpu.power.isNaN { gpu.power = Plausible.watts(calls.number(.power, nvml.power) / 1_000) }
  }

  /// Reads values by field number: memory temperature, recovery action, and bytes on the PCI Express link, which
  /// drivers since about 550 count.
  private func readFields(into gpu: inout GPU) {
    guard let call = nvml.fields, !fields.isEmpty else { return }
    var values = fields.map { field in
      var value = CNVMLFieldValue()
      value.field = field
      // An entry that the driver leaves unchanged was not reported.
      value.result = NVML.Status.notSupported.code
      return value
    }
    let count = Int32(clamping: values.count)
    guard calls.ask(.fields, { call(handle, count, &values) }) else { return }
    var reported: [UInt32: CNVMLFieldValue] = [:]
    for value in values where value.result == 0 { reported[value.field] = value }
    if let value = reported[Self.memoryTemperature] {
      gpu.memoryTemperature = Plausible.celsius(NVML.number(value.value, type: value.type))
    }
    gpu.recoveryAction = Self.recoveryAction(reported)
    recoveryAction = gpu.recoveryAction
    readTraffic(reported, into: &gpu)
    let refused = values.filter { NVML.Status(code: $0.result).isRefused }.map(\.field)
    fields.removeAll { refused.contains($0) }
  }

  private static func recoveryAction(_ reported: [UInt32: CNVMLFieldValue]) -> String? {
    func number(_ field: UInt32) -> Double { reported[field].map { NVML.number($0.value, type: $0.type) } ?? .nan }
    if reported[RecoveryAction.field] != nil { return RecoveryAction.text(number(RecoveryAction.field)) }
    if number(RecoveryAction.resetField) == 1 { return "Reset" }
    return number(RecoveryAction.drainField) == 1 ? "Drain and Reset" : nil
  }

  private func readTraffic(_ reported: [UInt32: CNVMLFieldValue], into gpu: inout GPU) {
    // A 32-bit counter wraps several times a second.
    guard let receive = reported[Self.received], let transmit = reported[Self.transmitted],
      (2...3).contains(receive.type),
      (2...3).contains(transmit.type)
    else {
      countsTraffic = false
      traffic = nil
      return
    }
    countsTraffic = true
    let current = (
      received: NVML.number(receive.value, type: receive.type),
      transmitted: NVML.number(transmit.value, type: transmit.type), instant: calls.now
    )
    defer { traffic = current }
    guard let last = traffic else { return }
    guard current.received >= last.received, current.transmitted >= last.transmitted else {
      // A counter that wraps below 2^32 has 32 bits after all, whatever its type.
      if max(last.received, last.transmitted) < 0x1p32 {
        fields.removeAll { $0 == Self.received || $0 == Self.transmitted }
        countsTraffic = false
      }
      return
    }
    let seconds = current.instant - last.instant
    guard seconds > 0 else { return }
    gpu.pcieReceive = Self.plausibleTraffic((current.received - last.received) / seconds)
    gpu.pcieTransmit = Self.plausibleTraffic((current.transmitted - last.transmitted) / seconds)
  }

  /// Bytes per second; NaN above 16 lanes of the seventh generation.
  static func plausibleTraffic(_ rate: Double) -> Double {
    rate >= 0 && rate <= 256e9 ? rate : .nan
  }

  private func readHealth(into gpu: inout GPU) {
    var reasons: UInt64 = 0
    if let call = nvml.throttleReasons, calls.ask(.throttleReasons, { call(handle, &reasons) }) {
      gpu.throttleReasons = ThrottleReasons.text(reasons)
    }
    // Volatile counts, since the driver was loaded: 0 is corrected, 1 uncorrected.
    var errors: UInt64 = 0
    if let call = nvml.errors, calls.ask(.corrected, { call(handle, 0, 0, &errors) }) {
      gpu.eccCorrected = Plausible.count(Double(errors))
    }
    if let call = nvml.errors, calls.ask(.uncorrected, { call(handle, 1, 0, &errors) }) {
      gpu.eccUncorrected = Plausible.count(Double(errors))
    }
    gpu.retiredPages = slow.retiredPages
  }

  /// Pages retired for either cause, before Ampere; remapped rows, since Ampere.
  private func retired() -> Double {
    var pages = Double.nan
    for cause in UInt32(0)...1 {
      var count: UInt32 = 0
      var status = NVML.Status.success
      // Called without room for addresses it returns their number.
      if let call = nvml.retiredPages,
        calls.ask(.retiredPages, status: &status, accepting: .insufficientSize, { call(handle, cause, &count, nil) })
      {
        pages = (pages.isNaN ? 0 : pages) + Double(count)
      }
    }
    if !pages.isNaN { return pages }
    var (corrected, uncorrected, pending, failed): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    guard let call = nvml.remappedRows,
      calls.ask(.remappedRows, { call(handle, &corrected, &uncorrected, &pending, &failed) })
    else { return .nan }
    return Double(corrected) + Double(uncorrected)
  }

  // MARK: MIG instances

  /// Finds the MIG instances and their profiles.
  private func findParts() {
    parts = []
    guard isDivided, let call = nvml.migDevice else { return }
    let count = calls.number(.migCount, nvml.migCount)
    for index in 0..<UInt32(count <= 64 ? count : 0) {
      var part: NVML.Device?
      // A slot without an instance returns an error.
      guard call(handle, index, &part) == 0, let part else { continue }
      guard let uuid = nvml.uuid.flatMap({ uuid in NVML.text { uuid(part, $0, $1) } }) else { continue }
      var instance = GPUInstance(uuid: uuid)
      instance.profile = profile(of: part)
      parts.append((part, instance))
    }
  }

  /// Profile, such as "1g.5gb": from a name such as "NVIDIA A100-SXM4-40GB MIG 1g.5gb", else from the instance's size.
  private func profile(of part: NVML.Device) -> String? {
    if let name = nvml.name.flatMap({ name in NVML.text { name(part, $0, $1) } }),
      let mark = name.split(separator: " ").lastIndex(of: "MIG")
    {
      let words = name.split(separator: " ")[(mark + 1)...]
      if !words.isEmpty { return words.joined(separator: " ") }
    }
    var attributes = CNVMLAttributes()
    guard let call = nvml.attributes, call(part, &attributes) == 0, attributes.instance_slices > 0 else { return nil }
    let gibibytes = (attributes.memory &+ 1_023) / 1_024
    let whole = "\(attributes.instance_slices)g.\(gibibytes)gb"
    return attributes.compute_slices == attributes.instance_slices ? whole : "\(attributes.compute_slices)c." + whole
  }

  private func readParts(into gpu: inout GPU) {
    guard isDivided else { return }
    gpu.instances = parts.map { part, instance in
      var instance = instance
      if let memory = memory(of: part, isDevice: false) {
        (instance.vramTotal, instance.vramUsed) = memory
      } else {
        // Partitioned again: find the instances at the next reading.
        slowAt = -.infinity
      }
      return instance
    }
  }

  // MARK: Samples

  /// Mean and peak of the driver's samples since the last reading, as shares; nil without any.
  ///
  /// - Parameter kind: NVML_GPU_UTILIZATION_SAMPLES is 1, NVML_MEMORY_UTILIZATION_SAMPLES 2.
  private func samples(_ metric: NVMLMetrics.NVMLMetric, of kind: UInt32) -> (mean: Double, peak: Double)? {
    guard let call = nvml.samples else { return nil }
    var since = sampledUntil[kind] ?? 0
    var type: UInt32 = 0
    // The number of samples that the driver keeps is constant: read only once.
    if sampleCapacity[kind] == nil {
      var count: UInt32 = 0
      guard calls.ask(metric, { call(handle, kind, since, &type, &count, nil) }), count > 0, count <= 65_536 else {
        return nil
      }
      sampleCapacity[kind] = Int(count)
    }
    let capacity = sampleCapacity[kind] ?? 0
    var samples = [CNVMLSample](repeating: CNVMLSample(), count: capacity)
    var count = UInt32(capacity)
    var status = NVML.Status.success
    guard
      calls.ask(
        metric, status: &status, accepting: .insufficientSize, { call(handle, kind, since, &type, &count, &samples) })
    else { return nil }
    if status == .insufficientSize {
      sampleCapacity[kind] = nil
      return nil
    }
    let reported = samples.prefix(Int(count))
    let last = reported.map(\.timestamp).max() ?? 0
    if since == 0 { since = last - min(last, NVMLCalls.firstWindow) }
    var (sum, peak, number) = (0.0, 0.0, 0.0)
    for sample in reported where sample.timestamp > since {
      let value = NVML.number(sample.value, type: Int32(clamping: type))
      guard value >= 0, value <= 100 else { continue }
      sum += value
      peak = max(peak, value)
      number += 1
    }
    sampledUntil[kind] = max(sampledUntil[kind] ?? 0, last)
    return number > 0 ? (sum / number / 100, peak / 100) : nil
  }
}
