internal import AgentMetrics

/// Writes workloads under cadvisor's names, with its labels id, name and image, and the kubelet's for pods.
///
/// The memory of a group is with that of the workloads inside it, as cadvisor's is; its counters are without.
///
/// On a node whose kubelet is scraped, the same names would count twice.
enum CadvisorWriter {
  private typealias Counter = (WorkloadReading) -> UInt64?

  /// The kernel's default period of a CPU limit in microseconds; a limit is read as a number of CPUs.
  private static let cpuPeriod = 100_000.0

  static func write(_ sample: Sample, _ reading: Reading, to exposition: inout Exposition) {
    guard let all = reading.workloads?.all else { return }
    // Those that the scrape lists under the agent's own names.
    let listed = Set((sample.workloads?.top ?? []).map(\.id))
    let present = all.filter { !$0.isGone }
    let workloads = withInner(present.filter { listed.contains($0.names.id) }, present)
    let machine = machine(reading)
    for family in cpuFamilies + memoryFamilies + ioFamilies { family.write(workloads, machine, to: &exposition) }
    Family("container_last_seen", "POSIX time of the reading", as: .gauge) { _ in
      sample.timestamp.seconds.rounded(.down)
    }.write(workloads, to: &exposition)
  }

  /// Adds to the levels of memory those of the workloads inside, which cadvisor's have; a pod's have them already.
  ///
  /// Counters stay without: a sum would fall when a workload inside ends.
  private static func withInner(_ workloads: [WorkloadReading], _ all: [WorkloadReading]) -> [WorkloadReading] {
    var places: [Substring: Int] = [:]
    for (place, workload) in workloads.enumerated() where !workload.isGroup {
      places[workload.names.path[...]] = place
    }
    var sums = workloads
    for inner in all where !inner.isGroup {
      var path = inner.names.path[...]
      while let slash = path.lastIndex(of: "/") {
        path = path[..<slash]
        guard let place = places[path] else { continue }
        add(inner.memory, to: &sums[place].memory)
        add(inner.inactiveFile, to: &sums[place].inactiveFile)
        add(inner.anonymous, to: &sums[place].anonymous)
        add(inner.cache, to: &sums[place].cache)
        add(inner.swap, to: &sums[place].swap)
      }
    }
    return sums
  }

  private static func add(_ count: UInt64?, to sum: inout UInt64?) {
    if let count { sum = (sum ?? 0) &+ count }
  }

  /// The root group, with the machine's CPU time and memory as in cadvisor.
  private static func machine(_ reading: Reading) -> WorkloadReading {
    var machine = WorkloadReading(names: WorkloadNames(kind: .other, id: "/", name: "/", path: "/"), serial: 0)
    let time = reading.cpu.total
    let ticks = time.user &+ time.nice &+ time.system &+ time.irq &+ time.softirq
    if ticks > 0 { machine.cpu = ticks &* 10_000 }
    let memory = reading.memory
    machine.memory = difference(memory.total, memory.free)
    machine.cache = memory.cached.map { $0 &+ (memory.buffers ?? 0) }
    machine.swap = difference(memory.swapTotal, memory.swapFree)
    return machine
  }

  private static func difference(_ whole: UInt64?, _ part: UInt64?) -> UInt64? {
    guard let whole, let part else { return nil }
    return whole - min(whole, part)
  }

  /// A family of series, one for each workload that has a value.
  private struct Family {
    let name: StaticString
    let help: StaticString
    let kind: Exposition.ExposedType
    /// A label beside the workload's own.
    let label: (name: StaticString, value: (WorkloadReading) -> String)?
    let value: (WorkloadReading) -> Double?
    /// Whether it has a series of the whole machine, where that has a value.
    let isOfMachine: Bool

    init(
      _ name: StaticString, _ help: StaticString, as kind: Exposition.ExposedType = .counter,
      label: (name: StaticString, value: (WorkloadReading) -> String)? = nil, isOfMachine: Bool = true,
      _ value: @escaping (WorkloadReading) -> Double?
    ) {
      (self.name, self.help, self.kind, self.label, self.value) = (name, help, kind, label, value)
      self.isOfMachine = isOfMachine
    }

    func write(
      _ workloads: [WorkloadReading], _ machine: WorkloadReading? = nil, to exposition: inout Exposition
    ) {
      exposition.family(name, kind, help)
      for workload in (isOfMachine ? [machine].compactMap(\.self) : []) + workloads {
        guard let value = value(workload) else { continue }
        exposition.sample()
        if let label { exposition.label(label.name, label.value(workload)) }
        CadvisorWriter.label(workload, to: &exposition)
        exposition.value(value)
      }
    }
  }

  private static func seconds(_ count: @escaping Counter) -> (WorkloadReading) -> Double? {
    { workload in count(workload).map { Double($0) * 1e-6 } }
  }

  private static func number(_ count: @escaping Counter) -> (WorkloadReading) -> Double? {
    { workload in count(workload).map { Double($0) } }
  }

  private static var cpuFamilies: [Family] {
    [
      Family(
        "container_cpu_usage_seconds_total", "CPU time used in seconds", label: ("cpu", { _ in "total" }),
        seconds { $0.cpu }),
      Family("container_cpu_cfs_periods_total", "Enforcement periods of the CPU limit", number { $0.periods }),
      Family("container_cpu_cfs_throttled_periods_total", "Throttled periods", number { $0.throttledPeriods }),
      Family("container_cpu_cfs_throttled_seconds_total", "Time throttled in seconds", seconds { $0.throttled }),
      Family("container_spec_cpu_period", "Enforcement period of the CPU limit in microseconds", as: .gauge) {
        $0.cpuLimit.map { _ in cpuPeriod }
      },
      Family("container_spec_cpu_quota", "CPU time allowed in a period in microseconds", as: .gauge) {
        $0.cpuLimit.map { ($0 * cpuPeriod).rounded() }
      },
    ]
  }

  private static var memoryFamilies: [Family] {
    [
      Family("container_memory_usage_bytes", "Memory charged, page cache included", as: .gauge, number { $0.memory }),
      Family("container_memory_working_set_bytes", "Memory without reclaimable page cache", as: .gauge) { workload in
        guard let memory = workload.memory, let inactive = workload.inactiveFile else { return nil }
        return Double(memory - min(memory, inactive))
      },
      Family("container_memory_rss", "Memory without a file", as: .gauge, number { $0.anonymous }),
      Family("container_memory_cache", "Page cache", as: .gauge, number { $0.cache }),
      Family("container_memory_swap", "Swap used in bytes", as: .gauge, number { $0.swap }),
      Family("container_memory_max_usage_bytes", "Highest memory charged", as: .gauge, number { $0.memoryPeak }),
      Family("container_spec_memory_limit_bytes", "Memory limit, 0 without one", as: .gauge, isOfMachine: false) {
        Double($0.memoryLimit ?? 0)
      },
      Family("container_oom_events_total", "Processes killed for lack of memory", number { $0.oomKills }),
    ]
  }

  private static var ioFamilies: [Family] {
    let device: (name: StaticString, value: (WorkloadReading) -> String) = ("device", { _ in "" })
    // The whole namespace under the name of the interface with the most traffic.
    let interface: (name: StaticString, value: (WorkloadReading) -> String) = (
      "interface", { $0.network?.now.interface ?? "" }
    )
    return [
      Family(
        "container_fs_reads_bytes_total", "Bytes read from block devices", label: device, number { $0.readBytes }),
      Family(
        "container_fs_writes_bytes_total", "Bytes written to block devices", label: device,
        number { $0.writtenBytes }),
      Family("container_fs_reads_total", "Reads of block devices", label: device, number { $0.reads }),
      Family("container_fs_writes_total", "Writes of block devices", label: device, number { $0.writes }),
      Family(
        "container_network_receive_bytes_total", "Bytes received", label: interface,
        number { $0.network?.now.receivedBytes }),
      Family(
        "container_network_transmit_bytes_total", "Bytes sent", label: interface, number { $0.network?.now.sentBytes }),
      Family(
        "container_pressure_cpu_waiting_seconds_total", "Time some task waited for a CPU", seconds { $0.cpuStall }),
      Family(
        "container_pressure_memory_waiting_seconds_total", "Time some task waited for memory",
        seconds { $0.memoryStall }),
      Family("container_pressure_io_waiting_seconds_total", "Time some task waited for I/O", seconds { $0.ioStall }),
      Family("container_threads", "Tasks", as: .gauge, number { $0.tasks }),
    ]
  }

  private static func label(_ workload: WorkloadReading, to exposition: inout Exposition) {
    let facts = workload.names.facts
    let isContainer = facts.kind == .container
    exposition.label("id", facts.path)
    exposition.label("name", isContainer ? facts.name : "")
    exposition.label("image", facts.image ?? "")
    guard let podName = facts.podName else { return }
    let parts = podName.split(separator: "/", maxSplits: 1).map(String.init)
    exposition.label("container", isContainer ? facts.name : "")
    exposition.label("namespace", parts.count > 1 ? parts[0] : "")
    exposition.label("pod", parts.last ?? "")
  }
}
