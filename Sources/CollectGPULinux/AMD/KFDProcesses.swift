internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// Processes that compute on AMD's GPUs through the kernel fusion driver, /sys/class/kfd/kfd/proc/PID/vram_GPUID
/// (not in Documentation/ABI/testing/sysfs-class-kfd; created by drivers/gpu/drm/amd/amdkfd/kfd_process.c).
///
/// Their work does not appear in the engine times of fdinfo. The files are the kernel's own counts; reading them
/// touches no device. Process ids are those of the initial namespace, so they are omitted inside a container.
final class KFDProcesses {
  private let folder: String
  private let isInitialNamespace: Bool
  private var gpuIDs: [Int: String]?

  /// Creates a reader for the machine under `root`.
  init(root: String, isInitialNamespace: Bool) {
    folder = root + "/sys/class/kfd/kfd"
    self.isInitialNamespace = isInitialNamespace
  }

  /// Adds a device's computing processes to those of its clients, most memory first.
  ///
  /// Also returns whether there are any.
  func merge(into processes: [GPUProcess], device: DRMDevice) -> (processes: [GPUProcess], compute: Bool) {
    guard isInitialNamespace, let minor = Self.renderMinor(device) else { return (processes, false) }
    let names = Files.names(in: folder + "/proc")
    guard !names.isEmpty, let id = gpuID(renderMinor: minor) else { return (processes, false) }
    var merged = processes
    var computes = false
    for pid in names.compactMap({ Int32($0) }) {
      guard let vram = Files.number(of: folder + "/proc/\(pid)/vram_" + id), vram > 0 else { continue }
      computes = true
      let index = merged.firstIndex { $0.pid == pid } ?? merged.count
      if index == merged.count { merged.append(GPUProcess(pid: pid)) }
      let bytes = Plausible.bytes(Double(vram))
      // The client's own count may include the same buffers.
      if !(merged[index].vram >= bytes) { merged[index].vram = bytes }
      switch merged[index].kind {
      case "graphics"?: merged[index].kind = "compute+graphics"
      case nil: merged[index].kind = "compute"
      default: break
      }
    }
    return (merged.sorted(by: DRMClients.precedes), computes)
  }

  private static func renderMinor(_ device: DRMDevice) -> Int? {
    device.nodes.first { $0.hasPrefix("renderD") }.flatMap { Int($0.dropFirst(7)) }
  }

  /// Returns the driver's GPU id for a render node, from its topology, which is read again for an unknown node.
  private func gpuID(renderMinor: Int) -> String? {
    if let known = gpuIDs?[renderMinor] { return known }
    var ids: [Int: String] = [:]
    let nodes = folder + "/topology/nodes/"
    for node in Files.names(in: nodes) {
      guard let id = Files.line(of: nodes + node + "/gpu_id"), id != "0",
        let bytes = try? Files.contents(of: nodes + node + "/properties"),
        let minor = DRMDevice.value(of: "drm_render_minor ", in: bytes.span).flatMap({ Int($0) })
      else { continue }
      ids[minor] = id
    }
    gpuIDs = ids
    return ids[renderMinor]
  }
}
