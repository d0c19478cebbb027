import AgentMetrics
import Testing

@Suite struct CatalogTests {
  @Test func idsAreUniqueAndWellFormed() {
    let ids = Catalog.shared.metrics.map(\.id)
    #expect(Set(ids).count == ids.count)
    for id in ids {
      #expect(id.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_" || $0 == ".") }, "\(id)")
    }
  }

  @Test func everyMetricIsDescribed() {
    for metric in Catalog.shared.metrics {
      #expect(!metric.definition.help.isEmpty && !metric.definition.help.hasSuffix("."), "\(metric.id)")
      #expect(!metric.definition.source.isEmpty, "\(metric.id)")
      #expect((metric.definition.kind == .counter) == metric.id.hasSuffix("_total"), "\(metric.id)")
    }
  }

  @Test func nameEndsInTheUnit() {
    let suffixes: [Unit: String] = [
      .mebibytes: "_mb", .megahertz: "_mhz", .bytesPerSecond: "_bytes_per_sec", .milliseconds: "_ms",
      .megabitsPerSecond: "_mbps", .perSecond: "_per_sec", .watts: "_watts",
    ]
    for metric in Catalog.shared.metrics {
      guard let suffix = suffixes[metric.definition.unit] else { continue }
      #expect((metric.id.split(separator: ".").last.map { "_" + $0 } ?? "").hasSuffix(suffix), "\(metric.id)")
    }
  }

  @Test func valuesOfListsCarryTheirLabels() throws {
    var reading = Reading()
    reading.disks = [DiskReading(device: "sda"), DiskReading(device: "sdb")]
    reading.disks[1].inFlight = 3
    let metric = try #require(Catalog.shared["disks.in_flight"])
    #expect(metric.labels == ["device"])
    var found: [String: Double] = [:]
    metric.values(in: Sample(from: nil, to: reading)) { labels, value in found[labels.joined()] = value }
    #expect(found == ["sdb": 3], "an absent value is left out")
  }

  @Test func processesAreNoSeries() throws {
    #expect(try #require(Catalog.shared["processes.top.cpu"]).isSeries == false)
    #expect(try #require(Catalog.shared["processes.total"]).isSeries)
    #expect(try #require(Catalog.shared["temperatures.celsius"]).labels == ["chip", "sensor"])
  }

  @Test func scalarsAreReadByID() throws {
    var reading = Reading()
    reading.memory.total = 1 << 30
    let sample = Sample(from: nil, to: reading)
    #expect(try #require(Catalog.shared["ram.total_mb"]).value(in: sample) == Double(1 << 30))
    #expect(try #require(Catalog.shared["swap.total_mb"]).value(in: sample).isNaN)
  }
}
