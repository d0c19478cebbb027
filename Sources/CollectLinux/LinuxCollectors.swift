package import Collect
internal import SystemIO

/// Collectors of a Linux machine, in the order of a tick; the most expensive one is last.
///
/// - Parameter root: "" for the running machine, else the directory that holds its `proc`, `sys` and `etc`.
package func linuxCollectors(root: String) -> [any Collector] {
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
    ProcessesCollector(root: root),
  ]
}

/// Whether a root is the running machine: in the kernel's proc `self` is a link, in a recording a folder.
package func isRunningMachine(root: String) -> Bool {
  root.isEmpty || Files.link(root + "/proc/self") != nil
}
