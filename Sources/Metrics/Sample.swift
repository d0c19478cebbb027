/// The machine over a stretch of time, as every face shows it: a pure function of two Readings.
public struct Sample: Domain {
  /// The moment of the later Reading.
  public var timestamp = Timestamp(seconds: 0)
  /// The same by the boot-time clock, which never steps: seconds, for telling how far apart two samples are.
  public var boottime = Double.nan
  /// Seconds that its rates are means over; NaN for a lone Reading.
  public var elapsed = Double.nan
  /// CPUs.
  public var cpu = CPU()
  /// Main memory.
  public var ram = RAM()
  /// GPUs by PCI address; empty where there are none.
  public var gpus: [GPU] = []
  /// The machine.
  public var host = Host()
  /// Load averages.
  public var load: Load?
  /// Swap.
  public var swap: Swap?
  /// Pressure stall information.
  public var pressure: Pressure?
  /// All hardware disks together.
  public var disk: Disk?
  /// Block devices.
  public var disks: [Disk] = []
  /// Mounted filesystems.
  public var filesystems: [Filesystem] = []
  /// All hardware interfaces together.
  public var network: Network?
  /// Network interfaces.
  public var networks: [Network] = []
  /// Temperature sensors.
  public var temperatures: [Temperature] = []
  /// Fans.
  public var fans: [Fan] = []
  /// Power meters.
  public var powers: [Power] = []
  /// Processes.
  public var processes: Processes?
  /// The agent's own control group.
  public var cgroup: Cgroup?
  /// The agent itself.
  public var agent = AgentCost()

  /// Nothing known.
  public init() {}

  /// A sample that was shown by its table: received as JSON, or kept in an archive.
  ///
  /// Its numbers are as exact as the reader's. Its boot-time clock is the uptime that it tells.
  ///
  /// - Parameter elapsed: seconds that its rates are means over.
  public init(at timestamp: Timestamp, from reader: any FieldReader, elapsed: Double = .nan) {
    self = Sample.table.read(from: reader)
    self.timestamp = timestamp
    self.elapsed = elapsed
    boottime = host.uptime
  }

  /// The sample between two Readings; from a lone one, only what needs no past.
  public init(from previous: Reading?, to current: Reading) {
    let seconds = previous.map { current.monotonic - $0.monotonic } ?? .nan
    self.init(from: previous, to: current, over: Elapsed(seconds: seconds))
  }

  /// The means since boot, which is what a recording of a single instant can tell; as iostat's first report.
  public init(sinceBoot current: Reading) {
    self.init(from: nil, to: current, over: Elapsed(seconds: current.host.uptime, isSinceBoot: true))
  }

  /// The sample over a stretch of time that the caller measured.
  public init(from previous: Reading?, to current: Reading, over elapsed: Elapsed) {
    timestamp = current.timestamp
    boottime = current.boottime
    self.elapsed = elapsed.seconds
    host = current.host
    cpu = CPU(from: previous?.cpu, to: current.cpu, over: elapsed)
    load = current.load
    ram = RAM(from: previous?.memory, to: current.memory, over: elapsed)
    swap = Swap(from: previous?.memory, to: current.memory, over: elapsed)
    pressure = current.pressure.flatMap { Pressure(from: previous?.pressure, to: $0, over: elapsed) }
    gpus = current.gpus
    disks = current.disks.enumerated().map { index, disk in
      Disk(
        from: previous?.disks.entry(near: index) { $0.device == disk.device }, to: disk, over: elapsed)
    }
    disk = Disk(totalOf: disks)
    filesystems = current.filesystems
    networks = current.networks.enumerated().map { index, network in
      Network(
        from: previous?.networks.entry(near: index) { $0.device == network.device }, to: network, over: elapsed)
    }
    network = Network(totalOf: networks)
    temperatures = current.temperatures
    fans = current.fans
    powers = current.powers.enumerated().map { index, power in
      Power(
        from: previous?.powers.entry(near: index) { $0.chip == power.chip && $0.sensor == power.sensor },
        to: power, over: elapsed)
    }
    Power.removeIdleCounters(from: &powers, of: current.powers)
    processes = current.processes.map { Processes(from: previous?.processes, to: $0, over: elapsed) }
    cgroup = current.cgroup.map { Cgroup(from: previous?.cgroup, to: $0, over: elapsed) }
    agent = AgentCost(from: previous?.agent, to: current.agent, over: elapsed)
  }

  /// The whole catalog: each member of the JSON but `timestamp`, in order.
  public static let table = Table<Sample>([
    .part("cpu", CPU.table, \.cpu),
    .part("ram", RAM.table, \.ram),
    .part("gpu", GPU.table) { GPU.primary(of: $0.gpus) },
    .list("gpus", keys: [Key("index") { String($0.index) }], GPU.table, \.gpus, omitsEmpty: true),
    .part("host", Host.table, \.host),
    .part("load", Load.table, \.load),
    .part("swap", Swap.table, \.swap),
    .part("pressure", Pressure.table, \.pressure),
    .part("disk", Disk.totalTable, \.disk),
    .list("disks", keys: [Key("device") { $0.device }], Disk.table, \.disks),
    .list("filesystems", keys: [Key("mountpoint") { $0.mountpoint }], Filesystem.table, \.filesystems),
    .part("network", Network.totalTable, \.network),
    .list("networks", keys: [Key("device") { $0.device }], Network.table, \.networks),
    .list(
      "temperatures", keys: [Key("chip") { $0.chip }, Key("sensor") { $0.sensor }], Temperature.table, \.temperatures),
    .list("fans", keys: [Key("chip") { $0.chip }, Key("sensor") { $0.sensor }], Fan.table, \.fans, omitsEmpty: true),
    .list(
      "powers", keys: [Key("chip") { $0.chip }, Key("sensor") { $0.sensor }], Power.table, \.powers, omitsEmpty: true),
    .part("processes", Processes.table, \.processes),
    .part("cgroup", Cgroup.table, \.cgroup),
    .part("agent", AgentCost.table, \.agent),
  ])
}
