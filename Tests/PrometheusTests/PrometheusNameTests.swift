import AgentMetrics
import Testing

@testable import PrometheusExport

@Suite struct PrometheusNameTests {
  private let names = PrometheusNames.shared

  /// Looks a metric's name up by its path; nil where it is omitted.
  private func name(_ id: String) -> PrometheusName? {
    let number = Catalog.shared.nodes.firstIndex { $0.id == id }
    return number.flatMap { names.members[$0] }.map { names.families[$0.family] }
  }

  @Test("The base unit replaces the unit of JSON; only counters end in _total")
  func numbers() {
    #expect(name("cpu.usage")?.sample == "agent_cpu_usage_ratio")
    #expect(name("cpu.frequency_mhz")?.sample == "agent_cpu_frequency_hertz")
    #expect(name("ram.total_mb")?.sample == "agent_ram_total_bytes")
    #expect(name("disks.read_latency_ms")?.sample == "agent_disk_read_latency_seconds")
    #expect(name("networks.speed_mbps")?.sample == "agent_network_speed_bytes_per_second")
    #expect(name("gpus.temperature_c")?.sample == "agent_gpu_temperature_celsius")
    #expect(name("pressure.cpu.some.avg10")?.sample == "agent_pressure_cpu_some_avg10_ratio")
    #expect(name("load.load1")?.sample == "agent_load1")
    #expect(name("processes.total")?.sample == "agent_processes")
    #expect(name("agent.cpu_cores")?.sample == "agent_self_cpu_cores")
    let bytes = name("disks.read_bytes_total")
    #expect(bytes?.sample == "agent_disk_read_bytes_total")
    #expect(bytes?.family == "agent_disk_read_bytes")
    #expect(bytes?.kind == .counter)
    #expect(bytes?.unit == "bytes")
  }

  @Test("Texts of a group share one info; texts that change have one each")
  func texts() {
    #expect(name("cpu.model")?.sample == "agent_cpu_info")
    #expect(name("gpus.model") == name("gpus.vendor"))
    #expect(name("gpus.state")?.sample == "agent_gpu_state_info")
  }

  @Test("Labels, sums, copies, error messages and non-series have no name")
  func left() {
    #expect(name("cpu.per_core.cpu") == nil)
    #expect(name("gpu.util") == nil)
    #expect(name("disk.read_bytes_total") == nil)
    #expect(name("filesystems.error") == nil)
    #expect(name("processes.top.cpu") == nil)
  }

  @Test("Names and labels are valid in Prometheus and unique, and end in the unit")
  func rules() {
    var seen: Set<String> = []
    for name in names.families {
      #expect(seen.insert(name.sample).inserted, "\(name.sample)")
      #expect(name.sample.utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
      #expect(name.sample.hasSuffix("_total") == (name.kind == .counter), "\(name.sample)")
      #expect(name.sample.hasSuffix("_info") == (name.kind == .info), "\(name.sample)")
      #expect(name.unit.isEmpty || name.family.hasSuffix("_" + name.unit), "\(name.sample)")
    }
    #expect(seen.count > 100)
    for (number, node) in Catalog.shared.nodes.enumerated() where node.kind != .value {
      let own = Catalog.shared.children(of: number).compactMap { names.members[$0] }
      let labels = (names.labels[number] ?? []) + own.filter(\.isGroupInfo).map(\.name)
      #expect(Set(labels).isDisjoint(with: ["instance", "job", "le", "quantile", "type", "__name__"]))
      #expect(Set(labels).count == labels.count)
    }
  }
}
