package import Collect

/// Collectors of a Linux machine, in the order of a tick; the most expensive one is last.
///
/// - Parameters:
///   - root: "" for the running machine, else the directory that holds its `proc`, `sys` and `etc`.
///   - version: the agent's version.
package func linuxCollectors(root: String, version: String) -> [any Collector] {
  [
    HostCollector(root: root),
    CPUCollector(root: root),
    MemoryCollector(root: root),
    PressureCollector(root: root),
    DiskCollector(root: root),
    FilesystemCollector(root: root),
    NetworkCollector(root: root),
    SensorsCollector(root: root),
    CgroupCollector(root: root),
    ProcessesCollector(root: root),
    AgentCollector(version: version),
  ]
}
