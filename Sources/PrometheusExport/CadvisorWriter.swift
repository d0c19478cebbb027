internal import AgentMetrics

/// Writes workloads under cadvisor's names, with its labels id, name and image, and the kubelet's for pods.
///
/// On a node whose kubelet is scraped, the same names would count twice.
enum CadvisorWriter {
  private typealias Counter = (WorkloadReading) -> UInt64?

  static func write(_ sample: Sample, _ reading: Reading, to exposition: inout Exposition) {
    guard let all = reading.workloads?.all else { return }
    // Those that the scrape lists under the agent's own names.
    let listed = Set((sample.workloads?.top ?? []).map(\.id))
    let workloads = all.filter { listed.contains($0.names.id) }

    func family(
      _ name: StaticString, _ help: StaticString, as kind: Exposition.ExposedType = .counter,
      labels: [(StaticString, StaticString)] = [], _ value: (WorkloadReading) -> Double?
    ) {
      exposition.family(name, kind, help)
      for workload in workloads {
        guard let value = value(workload) else { continue }
        exposition.sample()
        for (label, text) in labels { exposition.label(label, text) }
        Self.label(workload, to: &exposition)
        exposition.value(value)
      }
    }
    func seconds(_ count: @escaping Counter) -> (WorkloadReading) -> Double? {
      { workload in count(workload).map { Double($0) * 1e-6 } }
    }
    func number(_ count: @escaping Counter) -> (WorkloadReading) -> Double? {
      { workload in count(workload).map { Double($0) } }
    }
    family(
      "container_cpu_usage_seconds_total", "CPU time used in seconds", labels: [("cpu", "total")], seconds { $0.cpu })
    family("container_cpu_cfs_periods_total", "Enforcement periods of the CPU limit", number { $0.periods })
    family("container_cpu_cfs_throttled_periods_total", "Throttled periods", number { $0.throttledPeriods })
    family("container_cpu_cfs_throttled_seconds_total", "Time throttled in seconds", seconds { $0.throttled })
    family("container_memory_usage_bytes", "Memory charged, page cache included", as: .gauge, number { $0.memory })
    family("container_memory_working_set_bytes", "Memory without reclaimable page cache", as: .gauge) { workload in
      guard let memory = workload.memory, let inactive = workload.inactiveFile else { return nil }
      return Double(memory - min(memory, inactive))
    }
    family("container_memory_swap", "Swap used in bytes", as: .gauge, number { $0.swap })
    family("container_memory_max_usage_bytes", "Highest memory charged", as: .gauge, number { $0.memoryPeak })
    family("container_spec_memory_limit_bytes", "Memory limit, 0 without one", as: .gauge) {
      Double($0.memoryLimit ?? 0)
    }
    family("container_oom_events_total", "Processes killed for lack of memory", number { $0.oomKills })
    family(
      "container_fs_reads_bytes_total", "Bytes read from block devices", labels: [("device", "")],
      number { $0.readBytes })
    family(
      "container_fs_writes_bytes_total", "Bytes written to block devices", labels: [("device", "")],
      number { $0.writtenBytes })
    family("container_pressure_cpu_waiting_seconds_total", "Time some task waited for a CPU", seconds { $0.cpuStall })
    family(
      "container_pressure_memory_waiting_seconds_total", "Time some task waited for memory", seconds { $0.memoryStall })
    family("container_pressure_io_waiting_seconds_total", "Time some task waited for I/O", seconds { $0.ioStall })
    family("container_threads", "Tasks", as: .gauge, number { $0.tasks })
    family("container_last_seen", "POSIX time of the reading", as: .gauge) { _ in
      sample.timestamp.seconds.rounded(.down)
    }
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
