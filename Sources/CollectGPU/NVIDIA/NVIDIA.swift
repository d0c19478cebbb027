internal import AgentMetrics
internal import Collect

extension GPUVendor {
  /// NVIDIA.
  static let nvidia = GPUVendor(name: "nvidia", pciVendor: 0x10DE) { environment in NVIDIASource(environment) }
}

/// NVIDIA's GPUs.
final class NVIDIASource: GPUSource {
  init(_ environment: GPUEnvironment) {}

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer { GPUAnswer(rest: 300) }
}
