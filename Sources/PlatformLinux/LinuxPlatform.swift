package import AgentMetrics
package import Collect
package import CollectGPU
internal import CollectGPULinux
internal import CollectLinux
internal import CollectNode
package import NodeMetrics
package import Platforms

/// Linux: collectors over /proc and /sys, all GPU vendors, node_exporter's values.
package struct LinuxPlatform: Platform {
  package init() {}

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

  package func scrapeSource(root: String?) -> (any ScrapeSource)? { NodeReader(root: root) }
}
