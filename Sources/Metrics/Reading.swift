/// Raw counters and levels of the machine at one instant, without rates.
///
/// Collectors write into it in place, so that a tick in the steady state allocates no memory.
package struct Reading: Sendable {
  /// Wall-clock time.
  package var timestamp = Timestamp(seconds: 0)
  /// Seconds by CLOCK_MONOTONIC, which does not step and stops only while the machine is suspended.
  package var monotonic = Double.nan
  /// Seconds by CLOCK_BOOTTIME, which also counts suspended time.
  package var boottime = Double.nan
  package var host = Host()
  package var cpu = CPUReading()
  /// Load averages.
  package var load: Load?
  /// Memory and swap.
  package var memory = MemoryReading()
  /// Pressure stall information; nil where the kernel has none.
  package var pressure: PressureReading?
  /// Block devices.
  package var disks: [DiskReading] = []
  /// Mounted filesystems.
  package var filesystems: [Filesystem] = []
  /// Network interfaces.
  package var networks: [NetworkReading] = []
  /// The firewall's connection table; nil without one.
  package var conntrack: Conntrack?
  /// Temperature sensors.
  package var temperatures: [Temperature] = []
  package var fans: [Fan] = []
  /// Power meters.
  package var powers: [PowerReading] = []
  package var gpus: [GPU] = []
  /// Processes; nil where they were not scanned.
  package var processes: ProcessesReading?
  /// Containers, services and other workloads; nil where the machine has no control groups.
  package var workloads: WorkloadsReading?
  /// The agent's own control group, if any.
  package var cgroup: CgroupReading?
  /// The agent itself.
  package var agent = AgentReading()

  package init() {}
}
