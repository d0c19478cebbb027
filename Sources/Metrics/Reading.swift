/// What the machine said at one instant: raw counters and levels, no rates.
///
/// Collectors write into it in place, so that a tick in the steady state needs no memory.
public struct Reading: Sendable {
  /// The wall clock.
  public var timestamp = Timestamp(seconds: 0)
  /// Seconds by the clock that neither steps nor stops while the machine is awake (CLOCK_MONOTONIC).
  public var monotonic = Double.nan
  /// Seconds by the same clock with suspended time counted (CLOCK_BOOTTIME).
  public var boottime = Double.nan
  /// The machine.
  public var host = Host()
  /// CPUs.
  public var cpu = CPUReading()
  /// Load averages.
  public var load: Load?
  /// Memory and swap.
  public var memory = MemoryReading()
  /// Pressure stall information; nil where the kernel has none.
  public var pressure: PressureReading?
  /// Block devices.
  public var disks: [DiskReading] = []
  /// Mounted filesystems.
  public var filesystems: [Filesystem] = []
  /// Network interfaces.
  public var networks: [NetworkReading] = []
  /// Temperature sensors.
  public var temperatures: [Temperature] = []
  /// Fans.
  public var fans: [Fan] = []
  /// Power meters.
  public var powers: [PowerReading] = []
  /// GPUs.
  public var gpus: [GPU] = []
  /// Processes; nil where they were not scanned.
  public var processes: ProcessesReading?
  /// The agent's own control group; nil where there is none.
  public var cgroup: CgroupReading?
  /// The agent itself.
  public var agent = AgentReading()

  /// Nothing read yet.
  public init() {}
}
