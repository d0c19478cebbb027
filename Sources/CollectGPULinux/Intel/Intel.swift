internal import AgentMetrics
internal import Collect
internal import CollectGPU

extension GPUVendor {
  static let intel = GPUVendor(name: "intel", pciVendor: 0x8086) { environment in IntelSource(environment) }
}

/// Reads Intel's GPUs from sysfs.
final class IntelSource: GPUSource {
  private let devices: DRMSource

  init(_ environment: GPUEnvironment) {
    let root = environment.root
    devices = DRMSource(vendor: 0x8086, root: root, makeCard: { IntelCard($0, root: root) })
  }

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer {
    devices.read(at: instant) ?? GPUAnswer(rest: devices.rest(at: instant))
  }
}
