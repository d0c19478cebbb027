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

  @Test func trafficHasARateOfItsOwnTime() throws {
    let workload = try #require(machine().sample.workloads?.top.first)
    #expect(workload.receiveRate == 10 && workload.transmitRate == 0)
    #expect(workload.receiveTotal == 60 && workload.transmitTotal == 20)
  }
}
