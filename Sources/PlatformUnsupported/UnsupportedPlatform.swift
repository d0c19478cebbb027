package import AgentMetrics
package import Collect
package import CollectGPU
package import NodeMetrics
package import Platforms

/// A system without collectors: the agent shows its own cost there, demo machines and other agents.
///
/// The template for a new platform; every member is replaced as the system's part is written.
package struct UnsupportedPlatform: Platform {
  package init() {}

  package func collectors(root: String) -> [any Collector] { [] }

  package func isRunning(root: String) -> Bool { root.isEmpty }

  package func residentMemory() -> OwnCostCollector.ResidentMemory? { nil }

  package var gpuVendors: [GPUVendor] { [] }

  package var sources: SourceTexts { SourceTexts([:]) }

  package func processes(root: String, commandLines: CommandLineDetail) -> ProcessAccess? { nil }

  package func scrapeSource(root: String?) -> (any ScrapeSource)? { nil }
}
