package import AgentMetrics
package import Collect
internal import CollectDarwin
package import CollectGPU
package import NodeMetrics
package import Platforms

/// macOS: collectors over its own calls; GPUs, disks' traffic and temperatures need IOKit and are absent.
///
/// There are no recorded machines: the `root` of another one is ignored.
package struct DarwinPlatform: Platform {
  package init() {}

  package func collectors(root: String) -> [any Collector] { darwinCollectors() }

  package func isRunning(root: String) -> Bool { true }

  package func residentMemory() -> OwnCostCollector.ResidentMemory? { { ownResidentMemory() } }

  package var gpuVendors: [GPUVendor] { [] }

  package var sources: SourceTexts { SourceTexts(darwinSources) }

  package func processes(root: String, commandLines: CommandLineDetail) -> ProcessAccess? {
    let reader = ProcessDetailsReader(commandLines: commandLines)
    return ProcessAccess(
      commandLine: { commandLine(of: $0, commandLines) }, details: { reader.details(of: $0) },
      startTime: { reader.startTime(of: $0) })
  }

  package func scrapeSource(root: String?) -> (any ScrapeSource)? { nil }
}
