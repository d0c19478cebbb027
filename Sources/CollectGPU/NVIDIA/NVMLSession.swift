internal import AgentMetrics
internal import SystemIO

/// An initialized library and its open devices.
///
/// An open device is kept awake. NVML is documented to open only devices whose handle is requested. Not verified on
/// hardware for the other devices.
final class NVMLSession {
  private let nvml: NVML
  private let driver: String?
  private let cuda: String?
  private var events: NVMLEvents?
  private let throughput: PCIeThroughput
  private(set) var devices: [NVMLDevice] = []
  /// Number of devices that the library listed.
  let count: Int
  /// Whether one of them returned no handle because it is lost.
  private(set) var hasLost = false

  /// Initializes the library and opens devices: those at `addresses`, or all if nil.
  init(_ nvml: NVML, addresses: Set<String>?, throughput: PCIeThroughput) throws(NVML.Status) {
    let status = nvml.start()
    guard status == .success else { throw status }
    self.nvml = nvml
    self.throughput = throughput
    driver = nvml.driverVersion.flatMap { call in NVML.text { call($0, $1) } }
    var version: UInt32 = 0
    // 12080 means 12.8.
    let isReported = nvml.cudaVersion.map { $0(&version) == 0 } ?? false
    cuda = isReported && version >= 1_000 ? "\(version / 1_000).\(version % 1_000 / 10)" : nil
    var number: UInt32 = 0
    let counted = NVML.Status(code: nvml.deviceCount(&number))
    count = counted == .success ? Int(min(number, 256)) : 0
    guard counted == .success else {
      nvml.shutdown()
      throw counted
    }
    do {
      if let addresses, let call = nvml.deviceByAddress {
        for address in addresses.sorted() {
          try open { address.withCString { [device = $0] in call($0, device) } }
        }
      } else {
        for index in 0..<UInt32(count) { try open { nvml.deviceAt(index, $0) } }
      }
    } catch {
      nvml.shutdown()
      throw error
    }
    events = NVMLEvents(nvml, devices.map(\.handle))
  }

  /// Opens a device; one without permission, as in a container with a subset of the devices, is left out.
  private func open(_ call: (UnsafeMutablePointer<NVML.Device?>) -> Int32) throws(NVML.Status) {
    var device: NVML.Device?
    let status = NVML.Status(code: call(&device))
    if status.needsInitialisation { throw status }
    if status.isLost { hasLost = true }
    guard status == .success, let device else { return }
    devices.append(NVMLDevice(nvml, device, driver: driver, cuda: cuda))
  }

  /// Addresses of those devices that the library reports as lost.
  func lost(among addresses: Set<String>) -> Set<String> {
    guard hasLost, let call = nvml.deviceByAddress else { return [] }
    return addresses.filter { address in
      var device: NVML.Device?
      return NVML.Status(code: address.withCString { call($0, &device) }).isLost
    }
  }

  /// The current number of devices; nil if unreported.
  func recount() -> Int? {
    var number: UInt32 = 0
    return nvml.deviceCount(&number) == 0 ? Int(min(number, 256)) : nil
  }

  /// Reads all open devices.
  ///
  /// - Parameter instant: now, on the boot-time clock.
  func read(
    at instant: Double, machineMemory: () -> Double
  ) throws(NVML.Status) -> (gpus: [GPU], errors: [(gpu: Int, xid: Double)]) {
    let start = Clock.monotonic
    var gpus: [GPU] = []
    for device in devices {
      // Adds the time that the previous devices took.
      gpus.append(device.read(at: instant + Clock.monotonic - start, machineMemory: machineMemory))
      if let failure = device.failure, failure.needsInitialisation { throw failure }
    }
    // A failure of all devices is one of the library.
    if !devices.isEmpty, devices.allSatisfy({ $0.failure == .unknown }) { throw .unknown }
    let measured = throughput.latest()
    var unmeasured: [(address: String, handle: NVML.Device)] = []
    for (index, device) in devices.enumerated() where !device.countsTraffic && gpus[index].state == .active {
      let address = gpus[index].pciAddress ?? gpus[index].uuid ?? ""
      unmeasured.append((address, device.handle))
      gpus[index].pcieReceive = measured[address]?.receive ?? .nan
      gpus[index].pcieTransmit = measured[address]?.transmit ?? .nan
    }
    if nvml.throughput != nil { throughput.ask(unmeasured, at: instant) }
    let newest = events?.newest() ?? [:]
    let errors = devices.enumerated().compactMap { index, device in
      newest[device.handle].map { (gpu: index, xid: Double($0)) }
    }
    return (gpus, errors)
  }

  /// Shuts the library down; the session cannot be used after that.
  func close() {
    throughput.cancel()
    events?.free()
    events = nil
    devices = []
    nvml.shutdown()
  }
}
