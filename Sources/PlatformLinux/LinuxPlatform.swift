package import AgentMetrics
package import Collect
package import CollectGPU
internal import CTaskPool
internal import CollectGPULinux
internal import CollectLinux
internal import CollectNode
package import NodeMetrics
package import Platforms

/// Linux: collectors over /proc and /sys, all GPU vendors, node_exporter's values.
package struct LinuxPlatform: Platform {
  package init() {}

  package func prepareTasks() { ctaskpool_run_tasks(0) }

  package func collectors(root: String) -> [any Collector] { linuxCollectors(root: root, listens: true) }

  package func isRunning(root: String) -> Bool { isRunningMachine(root: root) }

  package func residentMemory() -> OwnCostCollector.ResidentMemory? {
    let memory = OwnMemory()
    return { () throws(CollectorError) in try memory.resident() }
  }

  package var gpuVendors: [GPUVendor] { GPUVendor.linux }

  package var sources: SourceTexts { .rows }

  package func processes(root: String, commandLines: CommandLineDetail) -> ProcessAccess? {
    let reader = ProcessDetailsReader(root: root, commandLines: commandLines)
    var access = ProcessAccess(
      commandLine: commandLine(root: root, commandLines), details: { reader.details(of: $0) },
      startTime: { reader.startTime(of: $0) }, hasThreads: true)
    let memory = ProcessMemoryReader(root: root)
    access.hasIOPriorities = true
    access.memory = { memory.memory(of: $0, $1) }
    return access
  }

  package var processEnds: ProcessEnds {
    switch ExitAccess.current {
    case .allowed: .reported
    case .otherNamespace:
      .missing(
        reason: "this container has process numbers of its own",
        advice: "run it with the host's: --pid=host, hostPID: true")
    case .noKernelSupport:
      .missing(reason: "this kernel has no taskstats", advice: "use a kernel with CONFIG_TASKSTATS")
    case .refused(let reason):
      // The unit drops each capability, and sockets of the kernel's interfaces.
      .missing(
        reason: reason,
        advice: "run as root, or add to the unit: CapabilityBoundingSet=CAP_NET_ADMIN, "
          + "AmbientCapabilities=CAP_NET_ADMIN, RestrictAddressFamilies=AF_NETLINK")
    }
  }

  package func scrapeSource(root: String?) -> (any ScrapeSource)? { NodeReader(root: root) }
}
