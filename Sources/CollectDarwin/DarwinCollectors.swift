package import Collect

/// Collectors of a Mac in the order of a tick, without the agent itself.
///
/// Disks, GPUs and temperatures are absent: only IOKit reports them.
package func darwinCollectors() -> [any Collector] {
  [
    HostCollector(),
    CPUCollector(),
    MemoryCollector(),
    FilesystemCollector(),
    NetworkCollector(),
    ProcessesCollector(),
  ]
}
