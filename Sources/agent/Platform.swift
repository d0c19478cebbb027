import AgentMetrics
import Collect
import CollectGPU
import Dashboard
import NodeMetrics
import SystemIO

#if os(Linux)
  import CollectLinux
  import CollectNode
#endif

/// Collectors of the system for which this program was built: with the table below, the only place that selects a
/// platform.
///
/// - Parameters:
///   - root: "" for the running machine, else the directory that holds its `proc` and `sys`.
///   - isSingle: whether only one sample is taken, so that slow GPUs are awaited.
func collectors(root: String, isSingle: Bool = false) -> [any Collector] {
  #if os(Linux)
    // GPUs last: their processes get their names from the process table.
    linuxCollectors(root: root, version: version) + [GPUCollector(gpuEnvironment(root: root, isSingle: isSingle))]
  #else
    []
  #endif
}

/// Reads the command line of a process; nil if the system does not support it.
func processCommandLine(root: String) -> (@Sendable (Int32) -> String?)? {
  #if os(Linux)
    commandLine(root: root)
  #else
    nil
  #endif
}

/// Actions of a dashboard on the processes of the running machine.
func processControl() -> ProcessControl {
  func control(
    _ details: @escaping @Sendable (Int32) -> ProcessDetails?,
    startTime: @escaping @Sendable (Int32) -> Double?,
    hasThreads: Bool = false
  ) -> ProcessControl {
    let calls = ProcessCalls(startTime: startTime)
    return ProcessControl(
      details: details,
      hold: { pid, start in
        do throws(HeldProcess.Failure) {
          let process = try HeldProcess(pid: pid, start: start, calls: calls)
          return .success { process.signal($0) }
        } catch {
          return .failure(SignalRefusal(error.description))
        }
      }, hasThreads: hasThreads)
  }
  #if os(Linux)
    let reader = ProcessDetailsReader(root: "")
    return control({ reader.details(of: $0) }, startTime: { reader.startTime(of: $0) }, hasThreads: true)
  #else
    return control({ _ in nil }, startTime: { _ in nil })
  #endif
}

/// Reads values of a Prometheus scrape beyond samples; nil if the system has none.
///
/// - Parameter root: nil for a simulated machine, where only the agent itself is real.
func scrapeSource(root: String?) -> (any ScrapeSource)? {
  #if os(Linux)
    NodeReader(root: root)
  #else
    nil
  #endif
}

/// Where to search for GPUs; a recording's are not this machine's.
private func gpuEnvironment(root: String, isSingle: Bool) -> GPUEnvironment {
  let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
  // In the kernel's proc `self` is a link, in a recording a folder.
  let isLive = root.isEmpty || Files.link(root + "/proc/self") != nil
  return GPUEnvironment(
    root: root, asksDrivers: isLive, toolPath: path.split(separator: ":").map(String.init),
    // A tool may take five seconds.
    firstPatience: isSingle ? 6 : 0)
}
