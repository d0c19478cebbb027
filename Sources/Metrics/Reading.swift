/// What the machine said at one instant: raw counters and levels, no rates.
///
/// Collectors write into it in place, so that a tick in the steady state needs no memory.
package struct Reading: Sendable {
  /// The wall clock.
  package var timestamp = Timestamp(seconds: 0)
  /// Seconds by the clock that neither steps nor stops while the machine is awake (CLOCK_MONOTONIC).
  package var monotonic = Double.nan
  /// Seconds by the same clock with suspended time counted (CLOCK_BOOTTIME).
  package var boottime = Double.nan
  /// The machine.
  package var host = Host()
  /// CPUs.
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
  /// Temperature sensors.
  package var temperatures: [Temperature] = []
  /// Fans.
  package var fans: [Fan] = []
  /// Power meters.
  package var powers: [PowerReading] = []
  /// GPUs.
  package var gpus: [GPU] = []
  /// Processes; nil where they were not scanned.
  package var processes: ProcessesReading?
  /// The agent's own control group; nil where there is none.
  package var cgroup: CgroupReading?
  /// The agent itself.
  package var agent = AgentReading()

  /// Nothing read yet.
  package init() {}
}
