package import Collect
internal import SystemIO

/// Collectors of a Linux machine, in the order of a tick; the most expensive one is last.
///
/// - Parameters:
///   - root: "" for the running machine, else the directory that holds its `proc`, `sys` and `etc`.
///   - listens: whether to receive the ends of processes, for as long as the program runs.
package func linuxCollectors(root: String, listens: Bool = false) -> [any Collector] {
  [
    HostCollector(root: root),
    CPUCollector(root: root),
    MemoryCollector(root: root),
    PressureCollector(root: root),
    DiskCollector(root: root),
    FilesystemCollector(root: root),
    NetworkCollector(root: root),
    ConntrackCollector(root: root),
    SensorsCollector(root: root),
    CgroupCollector(root: root),
    WorkloadsCollector(root: root),
    ProcessesCollector(root: root, listens: listens),
  ]
}

/// Whether a root is the running machine: in the kernel's proc `self` is a link, in a recording a folder.
package func isRunningMachine(root: String) -> Bool {
  root.isEmpty || Files.link(root + "/proc/self") != nil
}
