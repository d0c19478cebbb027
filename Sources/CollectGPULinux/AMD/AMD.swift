internal import AgentMetrics
internal import Collect
internal import CollectGPU
internal import SystemIO

extension GPUVendor {
  static let amd = GPUVendor(name: "amd", pciVendor: 0x1002) { environment in AMDSource(environment) }
}

/// Reads AMD's GPUs from sysfs, else with the vendor's tools.
final class AMDSource: GPUSource {
  private let devices: DRMSource
  private let tools: AMDTools?

  init(_ environment: GPUEnvironment) {
    let root = environment.root
    // Reading amdgpu's per-client statistics could crash Linux 5.19 (amdgpu_bo_get_memory, a null pointer).
    let isUnsafe = Files.line(of: root + "/proc/sys/kernel/osrelease")?.hasPrefix("5.19.") == true
    let initial = DRMClients.isInitialNamespace(root: root)
    let kfd = KFDProcesses(root: root, isInitialNamespace: initial)
    devices = DRMSource(
      vendor: 0x1002, root: root, readsClients: { !(isUnsafe && $0.driver == "amdgpu") },
      makeCard: { AMDCard($0, root: root, kfd: kfd) })
    tools =
      environment.asksDrivers
      ? AMDTools(environment) { path, arguments throws(CollectorError) in try Tool.run(path, arguments) }
      : nil
  }

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer {
    if let answer = devices.read(at: instant) { return answer }
    if let answer = try tools?.read(at: instant) { return answer }
    return GPUAnswer(rest: devices.rest(at: instant))
  }
}
