import API
import AgentMetrics
import CollectLinux
import CollectNode
import Collect
import SampleStore
import PrometheusExport
import SystemIO
import TestSupport
import Testing

@testable import API

/// What scrapes get: goldens of machines that stand still, names that are hostile, and devices that go.
@Suite struct ScrapeTests {
  @Test func demo() throws {
    try Golden.expect(Machines.scrape(try Machines.demo()), is: "demo.txt")
  }

  /// A recorded machine, and composed ones with further devices.
  @Test(arguments: ["recorded-net", "nvme-md-dm", "old-kernel"]) func machine(name: String) throws {
    let root = Fixture(name).root
    try Golden.expect(Machines.scrape(Machines.recorded(root), source: NodeOnly(root: root)), is: name + ".txt")
  }

  @Test func openMetrics() throws {
    let root = Fixture("recorded-net").root
    try Golden.expect(
      Machines.scrape(Machines.recorded(root), .openMetrics, source: NodeOnly(root: root)),
      is: "recorded-net.openmetrics")
  }

  @Test(arguments: Fixture.machines) func everyMachineIsWellFormed(name: String) throws {
    let root = Fixture(name).root
    let parsed = try ParsedText(Machines.scrape(Machines.recorded(root), source: NodeOnly(root: root)))
    // Variables of "Node Exporter Full".
    #expect(parsed.families["node_uname_info"]?.samples.count == 1)
    #expect(parsed.names.count > 150)
  }

  /// Prometheus drops a scrape's second sample of a series, and promtool refuses the text.
  @Test(arguments: Fixture.machines + ["demo"]) func noTwoSamplesShareNameAndLabels(name: String) throws {
    let fixture = name == "demo" ? nil : Fixture(name)
    var machines = [try fixture.map { Machines.recorded($0.root) } ?? Machines.demo()]
    if let fixture { machines.append(try Machines.twoInstants(fixture)) }
    for machine in machines {
      for format in ExpositionFormat.allCases {
        for compatibility in PrometheusCompatibility.allCases {
          let text = Machines.scrape(machine, format, compatibility, source: fixture.map { NodeOnly(root: $0.root) })
          let series = try ParsedText.series(of: text)
          #expect(series.count > 20)
          let twice = Dictionary(grouping: series) { $0 }.filter { $1.count > 1 }.keys
          #expect(twice.isEmpty, "\(name), \(format), \(compatibility): \(twice.sorted())")
        }
      }
    }
  }

  @Test func bothFormatsHaveTheSameValues() throws {
    let machine = try Machines.demo()
    func samples(_ format: ExpositionFormat) -> [Substring] {
      Machines.scrape(machine, format).split(separator: "\n").filter { !$0.hasPrefix("#") }
    }
    #expect(samples(.text) == samples(.openMetrics))
    #expect(samples(.text).count > 1_000)
  }

  @Test(arguments: [
    (PrometheusCompatibility.none, ["agent"]), (.node, ["agent", "node"]), (.dcgm, ["DCGM", "agent"]),
    (.all, ["DCGM", "agent", "node"]), (.cadvisor, ["agent", "container", "node"]),
  ]) func compatibility(choice: PrometheusCompatibility, prefixes: [String]) throws {
    let parsed = try ParsedText(Machines.scrape(try Machines.demo(), .text, choice))
    #expect(Set(parsed.names.map { String($0.prefix { $0 != "_" }) }).sorted() == prefixes)
  }

  @Test func everyMetricOfTheCatalogIsExported() throws {
    let machine = try Machines.demo()
    let parsed = try ParsedText(Machines.scrape(machine, .text, .none))
    var series: [String: [Double]] = [:]
    for metric in Catalog.shared.metrics {
      metric.values(in: machine.sample) { _, value in series[metric.id, default: []].append(value) }
    }
    // A few by hand; the naming has a test of its own.
    let gpus = try #require(parsed.families["agent_gpu_util_ratio"])
    #expect(gpus.samples.count == 8 && gpus.type == "gauge")
    for (id, name) in [
      ("gpus.energy_joules_total", "agent_gpu_energy_joules_total"),
      ("disks.read_latency_ms", "agent_disk_read_latency_seconds"),
      ("networks.speed_mbps", "agent_network_speed_bytes_per_second"),
      ("cpu.per_core.usage", "agent_cpu_per_core_usage_ratio"),
      ("ram.used_mb", "agent_ram_used_bytes"), ("load.load1", "agent_load1"),
    ] {
      let told = (parsed.families[name]?.samples.values.sorted() ?? [])
      let wanted = (series[id] ?? []).sorted()
      #expect(told.count == wanted.count, "\(name)")
      for (left, right) in zip(told, wanted) {
        #expect(abs(left - right) <= max(1e-4, abs(right) * 1e-6), "\(name): \(left), \(right)")
      }
    }
    #expect(!parsed.names.contains { $0.hasPrefix("agent_processes_top") })
  }

  @Test func hostileNames() throws {
    var machine = try Machines.demo()
    let hostile = "a\\\"b\n{c=\"d\"} 1\n# TYPE x gauge\r\t\u{0}\u{7F}\u{1F600}"
    var filesystem = Filesystem(mountpoint: hostile, device: hostile, fstype: hostile, isReadOnly: true)
    filesystem.total = 5
    filesystem.error = hostile
    machine.reading.filesystems = [filesystem]
    var disk = DiskReading(device: hostile)
    (disk.name, disk.model, disk.reads) = (hostile, hostile, 7)
    machine.reading.disks = [disk]
    var network = NetworkReading(device: hostile)
    (network.state, network.receiveBytes) = (hostile, 8)
    machine.reading.networks = [network]
    machine.reading.temperatures = [Temperature(chip: hostile, sensor: hostile, celsius: 9)]
    machine.reading.fans = [Fan(chip: hostile, sensor: hostile, rpm: 10)]
    machine.reading.host.hostname = hostile
    machine.reading.host.os = hostile
    machine.reading.cpu.topology.model = hostile
    machine.reading.gpus[0].uuid = hostile
    machine.reading.gpus[0].model = hostile
    machine.reading.agent.sources = [SourceReading(name: hostile, duration: 1, success: true, age: 0)]
    machine.sample = Sample(sinceBoot: machine.reading)
    let parsed = try ParsedText(Machines.scrape(machine))
    #expect(
      parsed.families["node_filesystem_size_bytes"]?.samples == [
        "device=\(hostile),fstype=\(hostile),mountpoint=\(hostile)": 5
      ])
    #expect(parsed.families["agent_filesystem_total_bytes"]?.samples == ["mountpoint=\(hostile)": 5])
    #expect(parsed.families["node_disk_reads_completed_total"]?.samples == ["device=\(hostile)": 7])
    #expect(parsed.families["node_hwmon_fan_rpm"]?.samples == ["chip=\(hostile),sensor=\(hostile)": 10])
    #expect(parsed.families["agent_cpu_info"]?.samples == ["model=\(hostile)": 1])
    #expect(parsed.families["x"] == nil)
    let gpu = try #require(parsed.families["DCGM_FI_DEV_GPU_TEMP"]).samples.keys.first { $0.contains("gpu=0") }
    #expect(gpu?.contains("modelName=\(hostile)") == true)
  }

  @Test func removedDevicesVanish() throws {
    var machine = try Machines.demo()
    let before = try ParsedText(Machines.scrape(machine))
    machine.reading.gpus.remove(at: 3)
    machine.reading.filesystems.removeAll { $0.mountpoint == "/scratch" }
    machine.reading.networks = []
    machine.sample = Sample(sinceBoot: machine.reading)
    let after = try ParsedText(Machines.scrape(machine))
    func count(_ parsed: ParsedText, _ label: String) -> Int {
      parsed.families.values.reduce(0) { $0 + $1.samples.keys.count { $0.contains(label) } }
    }
    #expect(count(before, "mountpoint=/scratch") > 10)
    #expect(count(after, "mountpoint=/scratch") == 0)
    #expect(before.families["agent_gpu_info"]?.samples.count == 8)
    #expect(after.families["agent_gpu_info"]?.samples.count == 7)
    #expect(after.families["DCGM_FI_DEV_GPU_UTIL"]?.samples.count == 7)
    #expect(count(before, "gpu=3") > 30)
    #expect(count(after, "gpu=3") == 0)
    #expect(!after.names.contains { $0.hasPrefix("node_network") || $0.hasPrefix("agent_network") })
  }

  @Test func anEmptyReadingIsWellFormed() throws {
    let machine = (sample: Sample(from: nil, to: Reading()), reading: Reading())
    let parsed = try ParsedText(Machines.scrape(machine))
    #expect(parsed.names.count < 10)
    #expect(Machines.scrape(machine, .openMetrics).hasSuffix("\n# EOF\n"))
  }

  // MARK: Over the API

  private func api(_ settings: API.APISettings = API.APISettings()) async throws -> API {
    let machine = try Machines.demo()
    let history = History(capacity: 3, interval: 30)
    let demand = SamplingDemand(history)
    history.append(machine.sample)
    return API(history: history, demand: demand, settings: settings)
  }

  @Test func theRoute() async throws {
    let text = try await api().respond(to: API.Request(target: "/metrics"))
    #expect(text.status == 200)
    #expect(text[header: "content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    #expect(text[header: "vary"] == "Accept, Accept-Encoding")
    #expect(text[header: "cache-control"] == "no-store")
    #expect(String(decoding: text.body, as: UTF8.self).contains("\nagent_gpu_util_ratio{gpu=\"0\"} "))
    let open = try await api().respond(
      to: API.Request(target: "/metrics", headers: [("Accept", "application/openmetrics-text; version=1.0.0")]))
    #expect(open[header: "content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
    #expect(String(decoding: open.body, as: UTF8.self).hasSuffix("\n# EOF\n"))
    let head = try await api().respond(to: API.Request(method: "HEAD", target: "/metrics"))
    #expect(head.status == 200 && head.body.isEmpty)
    #expect(try await api().respond(to: API.Request(target: "/metrics/latest")).status == 200)
  }

  @Test func oneReadingIsEncodedOnceForAllScrapes() async throws {
    let history = History(capacity: 4, interval: 30)
    let demand = SamplingDemand(history)
    var reading = Reading()
    reading.boottime = 100
    demand.setLatest(reading)
    history.append(Sample(from: nil, to: Reading()))
    let api = API(history: history, demand: demand)
    func scrape(_ accept: String = "text/plain", coding: String = "identity") async -> API.Response {
      await api.respond(
        to: API.Request(target: "/metrics", headers: [("Accept", accept), ("Accept-Encoding", coding)]))
    }
    let first = await scrape()
    let packed = await scrape(coding: "gzip")
    let open = await scrape("application/openmetrics-text; version=1.0.0")
    #expect(first.identity != nil && packed.identity !== first.identity && open.identity !== first.identity)
    #expect(await scrape().identity === first.identity)
    #expect(await scrape(coding: "gzip").identity === packed.identity)
    // A newer reading, with the same newest sample.
    reading.boottime = 101
    demand.setLatest(reading)
    let second = await scrape()
    #expect(second.identity != nil && second.identity !== first.identity)
    // A new sample of the main track, whose rates replace the last one's.
    var sample = Sample(from: nil, to: Reading())
    sample.cpu.usage = 0.5
    history.append(sample)
    #expect(String(decoding: await scrape().body, as: UTF8.self).contains("\nagent_cpu_usage_ratio 0.5\n"))
  }

  @Test func aTokenIsWanted() async throws {
    var settings = API.APISettings()
    settings.tokens = { [AccessToken("secret")] }
    #expect(try await api(settings).respond(to: API.Request(target: "/metrics")).status == 401)
    let answer = try await api(settings).respond(
      to: API.Request(target: "/metrics", headers: [("Authorization", "Bearer secret")]))
    #expect(answer.status == 200)
  }
}
