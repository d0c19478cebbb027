/// A total of a Reading as the kernel counts it, exported for PromQL's `rate()` over any range.
///
/// Its value does not depend on when or how often the machine is read. Samples hold the rates derived from it, so it is
/// in no Sample, JSON or archive.
package struct Counter: Sendable {
  package enum LabelValue: Sendable {
    /// A word that needs no escaping.
    case word(StaticString)
    case number(Int)
    /// A name from the machine, to be escaped.
    case text(String)
  }

  /// Receives one series: the values of its labels, and the total in 10⁻ⁿ of the unit, n being ``Counter/decimals``.
  package typealias Receiver = (_ first: LabelValue?, _ second: LabelValue?, _ total: UInt64) -> Void

  /// The name in Prometheus.
  package let name: String
  /// One line of description.
  package let help: String
  /// The unit.
  package let unit: Unit
  /// The kernel file that holds it.
  package let source: String
  /// The names of the labels, two at most.
  package let labels: [StaticString]
  /// Decimal places of a value.
  package let decimals: Int
  private let read: @Sendable (Reading, Receiver) -> Void

  private init(
    _ name: String, _ unit: Unit, _ help: String, source: String, labels: [StaticString] = [], decimals: Int = 0,
    _ read: @escaping @Sendable (Reading, Receiver) -> Void
  ) {
    self.name = name
    self.help = help
    self.unit = unit
    self.source = source
    self.labels = labels
    self.decimals = decimals
    self.read = read
  }

  /// Calls `body` for every series of the Reading.
  package func values(in reading: Reading, _ body: Receiver) {
    read(reading, body)
  }

  /// All counters; their names are distinct from those of the catalog's families.
  package static let all: [Counter] = cpu + memory + disks + networks + powers + cgroup

  // MARK: CPU

  private static let cpu: [Counter] = [
    Counter(
      "agent_cpu_seconds_total", .seconds, "CPU time of the whole machine by mode; user and nice include guests",
      source: "/proc/stat cpu", labels: ["mode"], decimals: 2
    ) { reading, receive in
      guard !reading.cpu.cores.isEmpty else { return }
      for (mode, path) in modes(of: reading.cpu) { receive(.word(mode), nil, reading.cpu.total[keyPath: path]) }
    },
    Counter(
      "agent_cpu_guest_seconds_total", .seconds, "CPU time of guests, which user and nice include",
      source: "/proc/stat cpu guest, guest_nice", labels: ["mode"], decimals: 2
    ) { reading, receive in
      guard !reading.cpu.cores.isEmpty, reading.cpu.hasUnixModes else { return }
      receive(.word("user"), nil, reading.cpu.total.guest)
      receive(.word("nice"), nil, reading.cpu.total.guestNice)
    },
    Counter(
      "agent_cpu_per_core_seconds_total", .seconds, "CPU time of each logical CPU by mode", source: "/proc/stat cpuN",
      labels: ["cpu", "mode"], decimals: 2
    ) { reading, receive in
      for core in reading.cpu.cores {
        for (mode, path) in modes(of: reading.cpu) { receive(.number(core.cpu), .word(mode), core.time[keyPath: path]) }
      }
    },
    single("agent_cpu_context_switches_total", "Context switches since boot", "/proc/stat ctxt", \.cpu.contextSwitches),
    single("agent_cpu_interrupts_total", "Interrupts served since boot", "/proc/stat intr", \.cpu.interrupts),
    single("agent_cpu_forks_total", "Processes and threads created since boot", "/proc/stat processes", \.cpu.forks),
  ]

  /// Modes that together cover all time.
  private static func modes(of cpu: CPUReading) -> [(StaticString, KeyPath<CPUTime, UInt64>)] {
    if !cpu.hasUnixModes {
      return [("user", \.user), ("system", \.system), ("idle", \.idle), ("irq", \.irq), ("softirq", \.softirq)]
    }
    return [
      ("user", \.user), ("nice", \.nice), ("system", \.system), ("idle", \.idle), ("iowait", \.iowait), ("irq", \.irq),
      ("softirq", \.softirq), ("steal", \.steal),
    ]
  }

  // MARK: Memory

  private static let memory: [Counter] = [
    single(
      "agent_ram_major_faults_total", "Page faults that needed I/O since boot", "/proc/vmstat pgmajfault",
      \.memory.majorFaults),
    single(
      "agent_swap_in_bytes_total", "Bytes read back from swap since boot", "/proc/vmstat pswpin × page size",
      \.memory.swappedIn, unit: .bytes),
    single(
      "agent_swap_out_bytes_total", "Bytes written to swap since boot", "/proc/vmstat pswpout × page size",
      \.memory.swappedOut, unit: .bytes),
  ]

  // MARK: Devices

  private static let disks: [Counter] = [
    disk("agent_disk_read_seconds_total", "Time that reads took, summed over requests", \.readMilliseconds),
    disk("agent_disk_write_seconds_total", "Time that writes took, summed over requests", \.writeMilliseconds),
    disk("agent_disk_busy_seconds_total", "Time with a request in flight", \.busyMilliseconds),
    disk("agent_disk_queue_seconds_total", "Time in flight, summed over requests", \.queueMilliseconds),
  ]

  private static let networks: [Counter] = [
    network("agent_network_receive_packets_total", "Packets received", \.receivePackets),
    network("agent_network_transmit_packets_total", "Packets sent", \.transmitPackets),
    network("agent_network_receive_errors_total", "Receive errors", \.receiveErrors),
    network("agent_network_transmit_errors_total", "Transmit errors", \.transmitErrors),
    network("agent_network_receive_drops_total", "Received packets dropped", \.receiveDrops),
    network("agent_network_transmit_drops_total", "Packets dropped before they were sent", \.transmitDrops),
  ]

  private static let powers: [Counter] = [
    Counter(
      "agent_power_energy_joules_total", .joules, "Energy used; starts again from 0 at the meter's range",
      source: "/sys/class/powercap energy_uj", labels: ["chip", "sensor"], decimals: 6
    ) { reading, receive in
      for power in reading.powers {
        if let energy = power.energy { receive(.text(power.chip), .text(power.sensor), energy) }
      }
    }
  ]

  // MARK: Control group

  private static let cgroup: [Counter] = [
    single(
      "agent_cgroup_cpu_seconds_total", "CPU time of the agent's control group",
      "cpu.stat usage_usec; cpuacct.usage", \.cgroup?.cpuMicroseconds, unit: .seconds, decimals: 6),
    single(
      "agent_cgroup_periods_total", "Enforcement periods of the group's CPU limit", "cpu.stat nr_periods",
      \.cgroup?.periods),
    single(
      "agent_cgroup_throttled_periods_total", "Periods in which the group was throttled", "cpu.stat nr_throttled",
      \.cgroup?.throttledPeriods),
    single(
      "agent_cgroup_throttled_seconds_total", "Time throttled, summed over CPUs",
      "cpu.stat throttled_usec; throttled_time", \.cgroup?.throttledMicroseconds, unit: .seconds, decimals: 6),
  ]

  // MARK: Kinds

  private static func single(
    _ name: String, _ help: String, _ source: String, _ path: any KeyPath<Reading, UInt64?> & Sendable,
    unit: Unit = .count, decimals: Int = 0
  ) -> Counter {
    Counter(name, unit, help, source: source, decimals: decimals) { reading, receive in
      if let total = reading[keyPath: path] { receive(nil, nil, total) }
    }
  }

  private static func disk(
    _ name: String, _ help: String, _ path: any KeyPath<DiskReading, UInt64?> & Sendable
  ) -> Counter {
    Counter(name, .seconds, help, source: "/proc/diskstats", labels: ["device"], decimals: 3) { reading, receive in
      for disk in reading.disks {
        if let total = disk[keyPath: path] { receive(.text(disk.device), nil, total) }
      }
    }
  }

  private static func network(
    _ name: String, _ help: String, _ path: any KeyPath<NetworkReading, UInt64?> & Sendable
  ) -> Counter {
    Counter(name, .count, help, source: "/proc/net/dev", labels: ["device"]) { reading, receive in
      for network in reading.networks {
        if let total = network[keyPath: path] { receive(.text(network.device), nil, total) }
      }
    }
  }
}
