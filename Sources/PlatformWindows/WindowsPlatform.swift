package import AgentMetrics
package import Collect
package import CollectGPU
internal import CollectWindows
package import NodeMetrics
package import Platforms
internal import WindowsService

/// Windows: collectors over its own calls, NVIDIA's GPUs by NVML, all others as Windows lists them.
///
/// There are no recorded machines: the `root` of another one is ignored.
package struct WindowsPlatform: Platform {
  package init() {}

  package func collectors(root: String) -> [any Collector] { windowsCollectors() }

  package func isRunning(root: String) -> Bool { true }

  package func residentMemory() -> OwnCostCollector.ResidentMemory? { { ownWorkingSet() } }

  package var gpuVendors: [GPUVendor] { [.nvidia { _ in WindowsNVIDIA() }, .displayAdapters] }

  package var sources: SourceTexts { SourceTexts(windowsSources) }

  package var pathSeparator: Character { ";" }

  package var toolFolders: [String] { [] }

  package func processes(root: String, commandLines: CommandLineDetail) -> ProcessAccess? {
    let reader = ProcessDetailsReader(commandLines: commandLines)
    return ProcessAccess(
      commandLine: { commandLine(of: $0, commandLines) }, details: { reader.details(of: $0) },
      startTime: { reader.startTime(of: $0) })
  }

  package func scrapeSource(root: String?) -> (any ScrapeSource)? { nil }

  package var services: (any ServiceManager)? { WindowsServiceManager() }
}

/// NVML lists the GPUs; Windows adds nothing but the machine's memory.
private final class WindowsNVIDIA: NVIDIASystem {
  /// In the system's folder, and of drivers before 2018.
  let libraries = ["nvml.dll", "C:\\Program Files\\NVIDIA Corporation\\NVSMI\\nvml.dll"]

  var machineMemory: Double { machineMemoryBytes() }
}
