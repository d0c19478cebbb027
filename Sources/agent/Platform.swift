import AgentMetrics
import Collect

#if os(Linux)
  import CollectLinux
#endif

/// The collectors of the system that this program was built for: with the table below, the only place that picks one.
///
/// - Parameter root: "" for the running machine, else the directory that holds its `proc` and `sys`.
func collectors(root: String) -> [any Collector] {
  #if os(Linux)
    linuxCollectors(root: root, version: version)
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
