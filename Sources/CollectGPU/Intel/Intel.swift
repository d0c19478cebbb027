internal import AgentMetrics
internal import Collect

extension GPUVendor {
  /// Intel.
  static let intel = GPUVendor(name: "intel", pciVendor: 0x8086) { environment in IntelSource(environment) }
}

/// Intel's GPUs.
final class IntelSource: GPUSource {
  init(_ environment: GPUEnvironment) {}

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer { GPUAnswer(rest: 300) }
}
