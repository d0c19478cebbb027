import AgentMetrics
import Testing

@Suite struct PrometheusNameTests {
  private func name(_ id: String) -> PrometheusName? {
    PrometheusMetrics.shared.families.first { $0.metric.id == id }?.name
  }

  @Test("The base unit takes the place of the unit that JSON shows; only counters end in _total")
  func names() {
    #expect(name("cpu.usage")?.sample == "agent_cpu_usage_ratio")
    #expect(name("cpu.frequency_mhz")?.sample == "agent_cpu_frequency_hertz")
    #expect(name("cpu.cores")?.sample == "agent_cpu_cores")
    #expect(name("ram.total_mb")?.sample == "agent_ram_total_bytes")
    #expect(name("disks.read_latency_ms")?.sample == "agent_disks_read_latency_seconds")
    #expect(name("networks.speed_mbps")?.sample == "agent_networks_speed_bytes_per_second")
    #expect(name("temperatures.celsius")?.sample == "agent_temperatures_celsius")
    #expect(name("gpus.temperature_c")?.sample == "agent_gpus_temperature_celsius")
    #expect(name("pressure.cpu.some.avg10")?.sample == "agent_pressure_cpu_some_avg10_ratio")
    #expect(name("processes.total")?.sample == "agent_processes")
    let bytes = name("disks.read_bytes_total")
    #expect(bytes?.sample == "agent_disks_read_bytes_total")
    #expect(bytes?.family == "agent_disks_read_bytes")
    #expect(bytes?.kind == .counter)
    #expect(bytes?.unit == "bytes")
  }

  @Test("What is a label already, a copy, a text or no series has no name")
  func left() {
    #expect(name("cpu.per_core.cpu") == nil)
    #expect(name("gpu.util") == nil)
    #expect(name("cpu.model") == nil)
    #expect(name("processes.top.cpu") == nil)
  }

  @Test("Names are Prometheus' and no two are equal; units end them")
  func rules() {
    var seen: Set<String> = []
    let names = PrometheusMetrics.shared.families.map(\.name) + PrometheusInfo.shared.families.map(\.name)
    for name in names {
      #expect(seen.insert(name.family + (name.kind == .info ? "_info" : "")).inserted, "\(name.family)")
      #expect(name.sample.utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
      #expect(name.sample.hasSuffix("_total") == (name.kind == .counter), "\(name.sample)")
      #expect(name.unit.isEmpty || name.family.hasSuffix("_" + name.unit))
    }
    let labels =
      PrometheusMetrics.shared.families.flatMap(\.name.labels)
      + PrometheusInfo.shared.families.flatMap { $0.name.labels + $0.texts }
    #expect(Set(labels).isDisjoint(with: ["instance", "job", "le", "quantile", "type", "__name__"]))
  }

  @Test("Texts: one info series for each part and entry, states apart, none for what is absent")
  func infos() {
    var sample = Sample()
    sample.cpu.model = "A CPU"
    var first = GPU(index: 0, vendor: "nvidia")
    first.model = "H100"
    first.instances = [GPUInstance(uuid: "MIG-1")]
    sample.gpus = [first, GPU(index: 1, vendor: "amd")]
    var series: [String: Int] = [:]
    PrometheusInfo.shared.values(in: sample) { family, keys, texts in
      let info = PrometheusInfo.shared.families[family]
      let labels = zip(info.name.labels + info.texts, keys + texts).filter { !$1.isEmpty }.map { "\($0)=\($1)" }
      series[info.name.sample + "{" + labels.joined(separator: ",") + "}", default: 0] += 1
    }
    #expect(series["agent_cpu_info{model=A CPU}"] == 1)
    #expect(series["agent_gpus_info{index=0,vendor=nvidia,model=H100}"] == 1)
    #expect(series["agent_gpus_info{index=1,vendor=amd}"] == 1)
    #expect(series["agent_gpus_state{index=1,state=active}"] == 1)
    #expect(series["agent_gpus_instances_info{index=0,gpus_instance=MIG-1,uuid=MIG-1}"] == 1)
    #expect(series.keys.allSatisfy { !$0.hasPrefix("agent_gpu_") })
  }
}
