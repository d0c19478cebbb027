import AgentMetrics
import Testing

@testable import PrometheusExport

/// Workloads under cadvisor's names (docs/storage/prometheus.md of google/cadvisor).
@Suite struct CadvisorTests {
  private func machine() -> (sample: Sample, reading: Reading) {
    var facts = WorkloadNames.Facts(kind: .container, id: "container:web", name: "web", path: "/kubepods/pod1/abc")
    (facts.image, facts.podName) = ("nginx:1.25", "shop/web-0")
    var web = WorkloadReading(names: WorkloadNames(facts), serial: 1)
    (web.cpu, web.cpuLimit, web.memory, web.inactiveFile) = (2_500_000, 1.5, 1_000, 400)
    (web.anonymous, web.cache, web.readBytes, web.reads) = (300, 700, 4_096, 1)
    var before = WorkloadTraffic.Counters(at: 5)
    (before.receivedBytes, before.sentBytes, before.interface) = (10, 20, "eth0")
    var now = before
    (now.instant, now.receivedBytes) = (10, 60)
    web.network = WorkloadTraffic(now, since: before)
    var reading = Reading()
    var workloads = WorkloadsReading()
    (workloads.instant, workloads.all) = (10, [web])
    reading.workloads = workloads
    return (Sample(from: nil, to: reading), reading)
  }

  private func value(_ name: String, in parsed: ParsedText) -> Double? { parsed.families[name]?.samples.values.first }

  @Test func namesAndLabels() throws {
    let parsed = try ParsedText(Machines.scrape(machine(), .text, .cadvisor))
    #expect(value("container_memory_usage_bytes", in: parsed) == 1_000)
    let labels = "container=web,id=/kubepods/pod1/abc,image=nginx:1.25,name=web,namespace=shop,pod=web-0"
    #expect(parsed.families["container_memory_rss"]?.samples == [labels: 300])
    #expect(value("container_cpu_usage_seconds_total", in: parsed) == 2.5)
    #expect(parsed.families["container_cpu_usage_seconds_total"]?.type == "counter")
    #expect(value("container_memory_working_set_bytes", in: parsed) == 600)
    #expect(value("container_memory_cache", in: parsed) == 700)
    #expect(value("container_spec_cpu_quota", in: parsed) == 150_000)
    #expect(value("container_spec_cpu_period", in: parsed) == 100_000)
    #expect(value("container_fs_reads_total", in: parsed) == 1)
    let network = try #require(parsed.families["container_network_receive_bytes_total"])
    #expect(network.samples.values.first == 60 && network.samples.keys.first?.contains("interface=eth0") == true)
    #expect(parsed.families["container_network_transmit_bytes_total"]?.samples.values.first == 20)
  }

  /// A group's memory is with that of the workloads inside it, at any depth; a counter would fall when one of these ends.
  @Test func memoryOfGroupsIsWithThoseInside() throws {
    func made(_ path: String, _ memory: UInt64) -> WorkloadReading {
      let names = WorkloadNames(kind: .service, id: "service:" + path, name: path, path: path)
      var workload = WorkloadReading(names: names, serial: Int(memory))
      (workload.cpu, workload.memory, workload.inactiveFile) = (memory * 1_000_000, memory, memory / 4)
      (workload.anonymous, workload.cache, workload.swap) = (memory / 2, memory / 2, memory * 2)
      return workload
    }
    var reading = machine().reading
    var ended = made("/a.service/gone", 4_000)
    ended.hasEnded = true
    var pod = made("/pod", 800)
    pod.isGroup = true
    reading.workloads?.all = [
      made("/a.service", 100), made("/a.service/inner", 20), made("/a.service/inner/b", 8), made("/a.services", 40),
      pod,
      made("/pod/c", 700), ended,
    ]
    (reading.cpu.total.user, reading.cpu.total.system, reading.cpu.total.idle) = (300, 50, 10_000)
    (reading.memory.total, reading.memory.free) = (9_000, 1_000)
    (reading.memory.swapTotal, reading.memory.swapFree) = (500, 100)
    let parsed = try ParsedText(Machines.scrape((Sample(from: nil, to: reading), reading), .text, .cadvisor))
    func values(_ name: String) -> [String: Double] {
      let samples = parsed.families[name]?.samples ?? [:]
      let pairs = samples.map { labels, value in
        (labels.split(separator: ",").first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) } ?? "", value)
      }
      return Dictionary(uniqueKeysWithValues: pairs)
    }
    let memory = ["/a.service": 128.0, "/a.service/inner": 28, "/a.service/inner/b": 8, "/a.services": 40, "/pod": 800]
    #expect(
      values("container_memory_usage_bytes") == memory.merging(["/pod/c": 700, "/": 8_000]) { left, _ in left })
    #expect(values("container_memory_working_set_bytes")["/a.service"] == 96)
    #expect(values("container_memory_rss")["/a.service"] == 64 && values("container_memory_cache")["/a.service"] == 64)
    #expect(values("container_memory_swap")["/a.service"] == 256 && values("container_memory_swap")["/"] == 400)
    let time = values("container_cpu_usage_seconds_total")
    #expect(time["/a.service"] == 100 && time["/"] == 3.5)
  }

  @Test func trafficHasARateOfItsOwnTime() throws {
    let workload = try #require(machine().sample.workloads?.top.first)
    #expect(workload.receiveRate == 10 && workload.transmitRate == 0)
    #expect(workload.receiveTotal == 60 && workload.transmitTotal == 20)
  }
}
