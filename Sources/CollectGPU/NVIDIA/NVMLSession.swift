internal import AgentMetrics
internal import SystemIO

/// The library while it is initialised, and the devices that are open by it.
///
/// An open device is kept awake. NVML is documented to open a device when its handle is asked for, and no other; that this
/// holds of the devices whose handles are not asked for is not verified on hardware.
final class NVMLSession {
  private let nvml: NVML
  private let driver: String?
  private let cuda: String?
  private var events: NVMLEvents?
  private let throughput: PCIeThroughput
  private(set) var devices: [NVMLDevice] = []
  /// How many devices the library told of.
  let count: Int
  /// Whether one of them did not give its handle because it is lost.
  private(set) var hasLost = false

  /// Initialises the library and opens devices: those at `addresses`, or all where that is nil.
  init(_ nvml: NVML, addresses: Set<String>?, throughput: PCIeThroughput) throws(NVML.Status) {
    let status = nvml.start()
    guard status == .success else { throw status }
    self.nvml = nvml
    self.throughput = throughput
    driver = nvml.driverVersion.flatMap { call in NVML.text { call($0, $1) } }
    var version: UInt32 = 0
    // 12080 is 12.8.
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

  /// Opens a device; one that may not be used, as a container may use some only, is left out.
  private func open(_ call: (UnsafeMutablePointer<NVML.Device?>) -> Int32) throws(NVML.Status) {
    var device: NVML.Device?
    let status = NVML.Status(code: call(&device))
    if status.needsInitialisation { throw status }
    if status.isLost { hasLost = true }
    guard status == .success, let device else { return }
    devices.append(NVMLDevice(nvml, device, driver: driver, cuda: cuda))
  }

  /// Which of some addresses are of devices that the library knows as lost.
  func lost(among addresses: Set<String>) -> Set<String> {
    guard hasLost, let call = nvml.deviceByAddress else { return [] }
    return addresses.filter { address in
      var device: NVML.Device?
      return NVML.Status(code: address.withCString { call($0, &device) }).isLost
    }
  }

  /// How many devices there are now; nil where the library does not tell.
  func recount() -> Int? {
    var number: UInt32 = 0
    return nvml.deviceCount(&number) == 0 ? Int(min(number, 256)) : nil
  }

  /// The figures of all devices that are open.
  ///
  /// - Parameter instant: the boot-time clock's, now.
  func read(
    at instant: Double, machineMemory: () -> Double
  ) throws(NVML.Status) -> (gpus: [GPU], errors: [(gpu: Int, xid: Double)]) {
    let start = Clock.monotonic
    var gpus: [GPU] = []
    for device in devices {
      // The devices before it took their time.
      gpus.append(device.read(at: instant + Clock.monotonic - start, machineMemory: machineMemory))
      if let failure = device.failure, failure.needsInitialisation { throw failure }
    }
    // When no device can be asked it is not the device.
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

  /// Shuts the library down; the session is of no use after that.
  func close() {
    throughput.cancel()
    events?.free()
    events = nil
    devices = []
    nvml.shutdown()
  }
}
