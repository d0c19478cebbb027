import AgentMetrics
import PrometheusExport
import Testing

@testable import Outbox
@testable import Sinks

@Suite struct SeriesTests {
  private func series(_ sample: Sample) -> [String: Double] {
    let labels = SeriesLabels(external: [])
    var result: [String: Double] = [:]
    SampleSeries.visit(sample) { key, value in
      let text = seriesText(labels.labels(of: key))
      #expect(result.updateValue(value, forKey: text) == nil, "\(text) twice")
    }
    return result
  }

  @Test("Values under the names of /metrics, in base units; texts in labels; absent ones omitted")
  func names() {
    let series = series(SmallMachine(start: 1_770_000_000).sample(8))
    #expect(series["agent_load1{}"] == 1)
    #expect(series["agent_ram_total_bytes{}"] == 17_179_869_184)
    #expect(series["agent_network_receive_bytes_total{device=\"eth0\"}"] == 9_000)
    #expect(series["agent_gpu_util_ratio{gpu=\"1\"}"] == Double((8 * 7 + 1) % 11) / 10)
    #expect(series["agent_gpu_info{gpu=\"0\",model=\"Test 0\",vendor=\"nvidia\"}"] == 1)
    #expect(series["agent_gpu_state_info{gpu=\"0\",state=\"active\"}"] == 1)
    #expect(series["agent_cpu_info{model=\"A \"CPU\" \\ of\nours\"}"] == 1)
    #expect(series["agent_load5{}"] == nil)
    #expect(series.values.allSatisfy { $0.isFinite })
  }

  @Test("Every number of the catalog that is a series comes")
  func complete() {
    let sample = SmallMachine(start: 1_770_000_000).sample(3)
    var expected = 0
    for metric in Catalog.shared.metrics where metric.isExported && metric.definition.kind != .info {
      // The sum or choice beside a list, and texts that are labels, are excluded.
      let head = metric.id.prefix { $0 != "." }
      guard !["gpu", "disk", "network"].contains(head), !metric.labels.contains(metric.definition.name) else {
        continue
      }
      metric.values(in: sample) { _, _ in expected += 1 }
    }
    let names = PrometheusNames.shared.families
    var count = 0
    SampleSeries.visit(sample) { key, _ in
      if names[key.family].kind != .info { count += 1 }
    }
    #expect(count == expected)
    #expect(count > 20)
  }

  @Test("Labels are sorted by their bytes; the operator's give way to the series' own")
  func labels() throws {
    let labels = SeriesLabels(
      external: [
        try #require(PushLabel("zone=z")), try #require(PushLabel("Area=a=b")), try #require(PushLabel("gpu=mine")),
      ])
    var found: [String] = []
    SampleSeries.visit(SmallMachine(start: 1_770_000_000).sample(1)) { key, _ in
      let all = labels.labels(of: key)
      if all.contains(where: { $0.value == "agent_gpu_util_ratio" }), key.labels == ["gpu", "1"] {
        found = all.map { "\($0.name)=\($0.value)" }
      }
    }
    #expect(found == ["Area=a=b", "__name__=agent_gpu_util_ratio", "gpu=1", "zone=z"])
  }

  @Test(
    "Labels that Prometheus would reject are invalid",
    arguments: ["", "a", "=x", "a=", "1a=x", "a-b=x", "__a=x", "ä=x"])
  func badLabels(_ text: String) {
    #expect(PushLabel(text) == nil)
  }

  @Test("A missing series has ended: a stale marker at the time of the first sample without it")
  func stale() {
    let machine = SmallMachine(start: 1_770_000_000)
    let first = PushBatch([machine.sample(0)], after: [])
    let batch = PushBatch(
      [machine.sample(1), machine.sample(2, gpus: 1), machine.sample(3, gpus: 1)], after: first.present)
    let ended = batch.series.filter { $0.key.labels.starts(with: ["gpu", "1"]) }
    #expect(!ended.isEmpty)
    for (_, points) in ended {
      #expect(points.map(\.milliseconds) == [1_770_000_030_000, 1_770_000_060_000])
      #expect(points.last?.bits == 0x7FF0_0000_0000_0002)
      #expect(points.first?.bits != 0x7FF0_0000_0000_0002)
    }
    #expect(batch.series.filter { $0.points.contains { $0.bits == PushBatch.stale } }.count == ended.count)
    #expect(batch.present == PushBatch([machine.sample(3, gpus: 1)], after: []).present)
    #expect(batch.count == batch.series.reduce(0) { $0 + $1.points.count })
  }

  @Test("Numbers are rounded to the precision of their source, reproducibly")
  func precision() {
    #expect(Unit.ratio.roundedToPrecision(1.0 / 3) == 0.3333)
    #expect(Unit.bytes.roundedToPrecision(1_234.5) == 1_234)
    #expect(Unit.bytes.roundedToPrecision(1_235.5) == 1_236)
    #expect(Unit.mebibytes.roundedToPrecision(1_048_577) == 1_048_577)
    #expect(Unit.megahertz.roundedToPrecision(3_600_400_000) == 3_600_000_000)
    #expect(Unit.celsius.roundedToPrecision(-0.25) == -0.2)
    #expect(Unit.count.roundedToPrecision(0x1p60) == 0x1p60)
    for unit in Unit.allCases {
      for value in [0.123456789, 17, 1e9 / 7, -3.25] {
        #expect(unit.roundedToPrecision(unit.roundedToPrecision(value)) == unit.roundedToPrecision(value))
      }
    }
  }

  @Test("A text that changes ends its old series")
  func changedText() {
    var sample = SmallMachine(start: 1_770_000_000).sample(0)
    let before = PushBatch([sample], after: []).present
    sample.gpus[0].state = .lost
    let batch = PushBatch([sample], after: before)
    let ended = batch.series.filter { $0.points.contains { $0.bits == PushBatch.stale } }
    #expect(ended.map(\.key.labels) == [["gpu", "0", "state", "active"]])
  }
}
