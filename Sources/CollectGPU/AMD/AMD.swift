internal import AgentMetrics
internal import Collect

extension GPUVendor {
  /// AMD.
  static let amd = GPUVendor(name: "amd", pciVendor: 0x1002) { environment in AMDSource(environment) }
}

/// AMD's GPUs.
final class AMDSource: GPUSource {
  init(_ environment: GPUEnvironment) {}

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer { GPUAnswer(rest: 300) }
}
