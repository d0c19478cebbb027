import AgentMetrics
import Collect
import CollectGPU
import Dashboard
import Exposition
import Synchronization
import SystemIO

#if os(Linux)
  import CollectLinux
#endif

/// The collectors of the system that this program was built for: with the table below, the only place that picks one.
///
/// - Parameters:
///   - root: "" for the running machine, else the directory that holds its `proc` and `sys`.
///   - isSingle: whether one sample is all that is taken, so that GPUs that answer slowly are waited for.
func collectors(root: String, isSingle: Bool = false) -> [any Collector] {
  #if os(Linux)
    // GPUs last: their processes are named by the table of processes.
    linuxCollectors(root: root, version: version) + [GPUCollector(gpuEnvironment(root: root, isSingle: isSingle))]
  #else
    []
  #endif
}

/// The whole table of processes, read when asked for.
func processTable(root: String) -> @Sendable () async throws -> (Timestamp, [Process]) {
  #if os(Linux)
    let table = ProcessTable(root: root)
    return { try await table.read() }
  #else
    { (Timestamp(seconds: 0), []) }
  #endif
}

/// What a dashboard may do with the processes of the running machine.
func processControl() -> ProcessControl {
  let signal: @Sendable (Int32, Int32) -> String? = { pid, signal in
    // 0 and below are groups.
    guard pid > 0 else { return "no process" }
    return kill(pid, signal) == 0 ? nil : String(cString: strerror(errno))
  }
  #if os(Linux)
    let reader = ProcessDetailsReader(root: "")
    let scanner = Mutex(ThreadScanner(root: ""))
    return ProcessControl(
      details: { reader.details(of: $0) }, signal: signal,
      threads: { processes in scanner.withLock { $0.scan(processes, now: Clock.monotonic) } })
  #else
    return ProcessControl(details: { _ in nil }, signal: signal)
  #endif
}

/// What a Prometheus scrape tells besides samples, read when it comes; nil where this system has no more.
///
/// - Parameter root: nil where the machine is made up, and only the agent itself is real.
func scrapeSource(root: String?) -> (any ScrapeSource)? {
  #if os(Linux)
    NodeReader(root: root)
  #else
    nil
  #endif
}

/// Where GPUs are looked for; a recording's are not this machine's.
private func gpuEnvironment(root: String, isSingle: Bool) -> GPUEnvironment {
  let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
  // In a proc of the kernel's, `self` is a link; in a recording, a folder.
  let isLive = root.isEmpty || Files.link(root + "/proc/self") != nil
  return GPUEnvironment(
    root: root, asksDrivers: isLive, toolPath: path.split(separator: ":").map(String.init),
    // A tool has five seconds.
    firstPatience: isSingle ? 6 : 0)
}
