/// All metrics of one sampling interval, derived from two ``Reading``s.
package struct Sample: MetricGroup {
  /// Wall-clock time of the later Reading.
  package var timestamp = Timestamp(seconds: 0)
  /// The same by the boot-time clock, in seconds: it never steps, and so measures the distance between samples.
  package var boottime = Double.nan
  /// Seconds that the rates are averaged over; NaN for a lone Reading.
  package var elapsed = Double.nan
  package var cpu = CPU()
  /// Main memory.
  package var ram = RAM()
  /// GPUs by PCI address.
  package var gpus: [GPU] = []
  package var host = Host()
  /// Load averages.
  package var load: Load?
  package var swap: Swap?
  /// Pressure stall information.
  package var pressure: Pressure?
  /// Sum of all hardware disks.
  package var disk: Disk?
  /// Block devices.
  package var disks: [Disk] = []
  /// Mounted filesystems.
  package var filesystems: [Filesystem] = []
  /// Sum of all hardware interfaces.
  package var network: Network?
  /// Network interfaces.
  package var networks: [Network] = []
  /// The firewall's connection table.
  package var conntrack: Conntrack?
  /// Temperature sensors.
  package var temperatures: [Temperature] = []
  package var fans: [Fan] = []
  /// Power meters.
  package var powers: [Power] = []
  package var processes: Processes?
  /// Containers, services and other workloads.
  package var workloads: Workloads?
  /// The agent's own control group.
  package var cgroup: Cgroup?
  /// Thresholds that are violated; set by the alerts' evaluation after the sample is made.
  package var alerts: [Alert] = []
  /// Events of its interval; set by their detection after the sample is made, nil where none are detected.
  package var events: MachineEvents?
  /// The agent itself.
  package var agent = AgentCost()

  package init() {}

  /// Creates a sample from received JSON or from an archive.
  ///
  /// Numbers are as exact as the reader's. The uptime serves as the boot-time clock.
  ///
  /// - Parameter elapsed: seconds that the rates are averaged over.
  package init(at timestamp: Timestamp, from reader: any FieldReader, elapsed: Double = .nan) {
    self = Sample.table.read(from: reader)
    self.timestamp = timestamp
    self.elapsed = elapsed
    boottime = host.uptime
  }

  /// Creates the sample between two Readings; a lone Reading gives only values that need no earlier one.
  package init(from previous: Reading?, to current: Reading) {
    let seconds = previous.map { current.monotonic - $0.monotonic } ?? .nan
    self.init(from: previous, to: current, over: Elapsed(seconds: seconds))
  }

  /// Creates the means since boot from a single Reading, as iostat's first report does.
  package init(sinceBoot current: Reading) {
    self.init(from: nil, to: current, over: Elapsed(seconds: current.host.uptime, isSinceBoot: true))
  }

  /// Creates the sample over an interval that the caller measured.
  package init(from previous: Reading?, to current: Reading, over elapsed: Elapsed) {
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
    conntrack = current.conntrack
    temperatures = current.temperatures
    fans = current.fans
    powers = current.powers.enumerated().map { index, power in
      Power(
        from: previous?.powers.entry(near: index) { $0.chip == power.chip && $0.sensor == power.sensor },
        to: power, over: elapsed)
    }
    Power.removeIdleCounters(from: &powers, of: current.powers)
    let span = current.processes.map { ProcessSpan(from: previous?.processes, to: $0, over: elapsed) }
    let workloadSpan = current.workloads.map { WorkloadSpan(from: previous?.workloads, to: $0, over: elapsed) }
    let sums = workloadSpan.map { ProcessSums(span, $0, machineCPU: busyCPU) }
    processes = span.map { Processes($0, ended: sums?.ended ?? $0.ended()) }
    workloads = workloadSpan.map { workloadSpan in
      var context = Workloads.Context()
      context.machineCPU = busyCPU
      context.processes = span
      context.gpus = gpus
      context.sums = sums
      return Workloads(workloadSpan, in: context)
    }
    cgroup = current.cgroup.map { Cgroup(from: previous?.cgroup, to: $0, over: elapsed) }
    agent = AgentCost(from: previous?.agent, to: current.agent, over: elapsed)
  }

  /// CPU time per second in use, in CPUs, without the time that the hypervisor took.
  package var busyCPU: Double { (cpu.usage - (cpu.modes?.steal ?? 0)) * cpu.threads }

  /// Seconds from the last reading of the workloads to the sample; 0 where they are read at each sample.
  package var ageOfWorkloads: Double {
    let age = agent.sources.first { $0.name == "workloads" }?.age ?? 0
    return age > 0 && age.isFinite ? age : 0
  }

  /// The whole catalog: every JSON member except `timestamp`, in order.
  package static let table = Table<Sample>([
    .part("cpu", CPU.table, \.cpu),
    .part("ram", RAM.table, \.ram),
    .part("gpu", GPU.table) { GPU.primary(of: $0.gpus) },
    .list(
      "gpus", keys: [Label("index") { String($0.index) }], GPU.table, \.gpus, omitsEmpty: true,
      isSame: { $0.uuid == $1.uuid && $0.pciAddress == $1.pciAddress }),
    .part("host", Host.table, \.host),
    .part("load", Load.table, \.load),
    .part("swap", Swap.table, \.swap),
    .part("pressure", Pressure.table, \.pressure),
    .part("disk", Disk.totalTable, \.disk),
    .list("disks", keys: [Label("device") { $0.device }], Disk.table, \.disks),
    .list("filesystems", keys: [Label("mountpoint") { $0.mountpoint }], Filesystem.table, \.filesystems),
    .part("network", Network.totalTable, \.network),
    .list("networks", keys: [Label("device") { $0.device }], Network.table, \.networks),
    .part("conntrack", Conntrack.table, \.conntrack),
    .list(
      "temperatures", keys: [Label("chip") { $0.chip }, Label("sensor") { $0.sensor }], Temperature.table,
      \.temperatures),
    .list(
      "fans", keys: [Label("chip") { $0.chip }, Label("sensor") { $0.sensor }], Fan.table, \.fans, omitsEmpty: true),
    .list(
      "powers", keys: [Label("chip") { $0.chip }, Label("sensor") { $0.sensor }], Power.table, \.powers,
      omitsEmpty: true),
    .part("processes", Processes.table, \.processes),
    .part("workloads", Workloads.table, \.workloads),
    .part("cgroup", Cgroup.table, \.cgroup),
    .list(
      "alerts", keys: [Label("alert") { $0.name }, Label("target") { $0.target }], Alert.table, \.alerts,
      omitsEmpty: true),
    .part("events", MachineEvents.table, \.events),
    .part("agent", AgentCost.table, \.agent),
  ])
}
