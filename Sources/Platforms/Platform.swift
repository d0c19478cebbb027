package import AgentMetrics
package import Collect
package import CollectGPU
package import NodeMetrics
internal import SystemIO

/// An operating system: everything that only the system knows about a machine.
///
/// Each system has a target with one implementation, a dependency with `.when(platforms:)` in `Package.swift`, and an
/// arm in `Sources/agent/Platform.swift`. `PlatformUnsupported` is the template.
///
/// A `root` is "" for the running machine, else the directory of a recorded one.
package protocol Platform: Sendable {
  /// Prepares the threads on which this process' tasks run; called once, before the first task.
  func prepareTasks()

  /// Collectors of a machine in the order of a tick, without its GPUs and the agent itself; the most expensive one is
  /// last.
  func collectors(root: String) -> [any Collector]

  /// Whether a root is the running machine, whose drivers and clocks may be used.
  func isRunning(root: String) -> Bool

  /// Creates a function that reads the resident memory of this process; nil where the system has no such number.
  ///
  /// The result belongs to the sampler's thread.
  func residentMemory() -> OwnCostCollector.ResidentMemory?

  /// Vendors whose GPUs can be read.
  var gpuVendors: [GPUVendor] { get }

  /// Character between two folders of the variable PATH.
  var pathSeparator: Character { get }

  /// Folders to search for vendors' tools where PATH is not set, or must not choose programs: for root and services.
  var toolFolders: [String] { get }

  /// Origins of the metrics, for the catalog.
  var sources: SourceTexts { get }

  /// Access to single processes of a machine; nil where the system has none.
  ///
  /// - Parameter commandLines: how much of command lines to show; secrets are masked before they leave the platform.
  func processes(root: String, commandLines: CommandLineDetail) -> ProcessAccess?

  /// Values of a Prometheus scrape beyond samples; nil where the system has none.
  ///
  /// - Parameter root: nil for a simulated machine, where only the agent itself is real.
  func scrapeSource(root: String?) -> (any ScrapeSource)?

  /// Whether this process may receive the ends of processes of the running machine.
  var processEnds: ProcessEnds { get }

  /// The manager of services; nil where a service is a file that `scripts/install` writes.
  var services: (any ServiceManager)? { get }
}

/// Functions that read single processes of a machine by their ids.
package struct ProcessAccess: Sendable {
  /// Reads the command line, which may block; nil where a process has none or has ended.
  package var commandLine: @Sendable (_ pid: Int32) -> String?
  /// Reads the details; nil if the process has ended.
  package var details: @Sendable (_ pid: Int32) -> ProcessDetails?
  /// Reads parts of the memory of processes that scans do not read; nil where the system has none.
  package var memory: ProcessMemory.Read?
  /// Start in seconds after boot, as in the process table; nil if the process has ended.
  package var startTime: @Sendable (_ pid: Int32) -> Double?
  /// Whether scans can include threads.
  package var hasThreads: Bool
  /// Whether processes have I/O priorities.
  package var hasIOPriorities = false

  package init(
    commandLine: @escaping @Sendable (_ pid: Int32) -> String?,
    details: @escaping @Sendable (_ pid: Int32) -> ProcessDetails?,
    startTime: @escaping @Sendable (_ pid: Int32) -> Double?, hasThreads: Bool = false
  ) {
    self.commandLine = commandLine
    self.details = details
    self.startTime = startTime
    self.hasThreads = hasThreads
  }
}

extension Platform {
  package func prepareTasks() {}

  package var pathSeparator: Character { ":" }

  package var processEnds: ProcessEnds { .unsupported }

  package var services: (any ServiceManager)? { nil }

  package var toolFolders: [String] { GPUEnvironment.trustedFolders }

  /// All collectors of a machine in the order of a tick.
  ///
  /// - Parameters:
  ///   - version: the agent's version.
  ///   - isSingle: whether only one sample is taken, so that slow GPUs are awaited.
  package func allCollectors(root: String, version: String, isSingle: Bool = false) -> [any Collector] {
    let path = ProcessSettings.isPrivileged ? nil : Environment.value(of: "PATH")
    let environment = GPUEnvironment(
      root: root, asksDrivers: isRunning(root: root),
      toolPath: path?.split(separator: pathSeparator).map(String.init) ?? toolFolders,
      // A tool may take five seconds.
      firstPatience: isSingle ? 6 : 0)
    // GPUs last: their processes get their names from the process table.
    return collectors(root: root) + [
      OwnCostCollector(version: version, resident: residentMemory()),
      GPUCollector(environment, vendors: gpuVendors),
    ]
  }
}
