internal import Collect
internal import SystemIO

/// Measures PCI Express traffic of devices whose drivers do not count it.
///
/// nvmlDeviceGetPcieThroughput measures for at least 20 ms, for each direction of each device. It runs on a thread of
/// its own, so that other metrics never wait for it, and at most every ten seconds: a value covers 20 ms, some seconds
/// ago.
final class PCIeThroughput {
  /// Bytes per second.
  struct Traffic: Sendable {
    var receive = Double.nan
    var transmit = Double.nan
  }

  /// Seconds between two measurements.
  static let period = 10.0
  /// Seconds after which a measurement expires; a tick every half minute finds that of the previous tick.
  static let holds = 65.0

  private struct PollRequest: Sendable {
    var isWanted = false
    // Pointers as integers, since pointers are not Sendable; the library owns their targets.
    var devices: [(address: String, handle: UInt)] = []
    /// Devices that cannot be measured, and are not retried while the library is loaded.
    var refused: Set<String> = []
  }

  private let request = Condition(PollRequest())
  private let source: BlockingSource<[String: Traffic]>
  private var askedAt = -Double.infinity

  init(_ nvml: NVML) {
    let request = request
    source = BlockingSource { Self.measure(nvml, request) }
  }

  /// Starts to measure devices, with their addresses, if it is due.
  func ask(_ devices: [(address: String, handle: NVML.Device)], at instant: Double) {
    guard instant - askedAt >= Self.period else { return }
    askedAt = instant
    let devices = devices.map { (address: $0.address, handle: UInt(bitPattern: $0.handle)) }
    let isWanted = request.withState { request in
      request.devices = devices.filter { !request.refused.contains($0.address) }
      request.isWanted = !request.devices.isEmpty
      return request.isWanted
    }
    if isWanted { source.ask() }
  }

  /// Cancels measurements before the library is closed.
  func cancel() {
    request.withState { request in
      request.isWanted = false
      request.devices = []
    }
  }

  /// The last measurement; empty if it is expired.
  func latest() -> [String: Traffic] {
    let latest = source.answer(waiting: 0)
    return Clock.boottime - latest.instant <= Self.holds ? latest.answer ?? [:] : [:]
  }

  private static func measure(_ nvml: NVML, _ request: Condition<PollRequest>) -> [String: Traffic] {
    // Initialized once more, so that the handles stay valid while another thread shuts the library down.
    guard nvml.start() == .success else { return [:] }
    defer { nvml.shutdown() }
    guard let call = nvml.throughput else { return [:] }
    var measured: [String: Traffic] = [:]
    for (address, handle) in request.withState({ $0.devices }) {
      guard request.withState({ $0.isWanted }) else { break }
      // NVML_PCIE_UTIL_TX_BYTES is 0, NVML_PCIE_UTIL_RX_BYTES 1, both in kilobytes per second.
      func rate(_ counter: UInt32) -> Double {
        var value: UInt32 = 0
        let status = NVML.Status(code: call(OpaquePointer(bitPattern: handle), counter, &value))
        if status.isRefused { request.withState { _ = $0.refused.insert(address) } }
        guard status == .success else { return .nan }
        return NVMLDevice.plausibleTraffic(Double(value) * 1_000)
      }
      let traffic = Traffic(receive: rate(1), transmit: rate(0))
      if !traffic.receive.isNaN || !traffic.transmit.isNaN { measured[address] = traffic }
    }
    return measured
  }
}
