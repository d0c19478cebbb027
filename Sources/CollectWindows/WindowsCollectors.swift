package import Collect

/// Collectors of a Windows machine in the order of a tick, without its GPUs and the agent itself.
package func windowsCollectors() -> [any Collector] {
  [
    HostCollector(),
    CPUCollector(),
    MemoryCollector(),
    DiskCollector(),
    FilesystemCollector(),
    NetworkCollector(),
    ProcessesCollector(),
  ]
}
