import AgentMetrics
import SystemIO
import Testing

@testable import API

/// The catalog against a checked-in list: a metric does not appear, vanish or change its unit by accident.
///
/// RECORD_GOLDENS=1 writes the list anew.
@Suite struct CatalogListTests {
  static let path = String(#filePath.prefix { _ in true }.dropLast("CatalogListTests.swift".count)) + "catalog.txt"

  @Test func catalogIsTheCheckedInList() throws {
    let lines = Catalog.shared.metrics.map { metric in
      ([metric.id, metric.definition.unit.rawValue, metric.definition.kind.rawValue]
        + [metric.labels.isEmpty ? "-" : metric.labels.joined(separator: ",")]).joined(separator: " ")
    }
    if getenv("RECORD_GOLDENS") != nil {
      let descriptor = open(Self.path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      try #require(descriptor >= 0)
      #expect(StandardStreams.write(lines.joined(separator: "\n") + "\n", to: descriptor))
      close(descriptor)
      return
    }
    let expected = String(decoding: try Files.contents(of: Self.path), as: UTF8.self).split(separator: "\n")
    let (new, old) = (Set(lines), Set(expected.map(String.init)))
    #expect(new.subtracting(old).sorted() == [], "not in the list")
    #expect(old.subtracting(new).sorted() == [], "not in the catalog")
    #expect(lines == expected.map(String.init), "another order")
  }

  @Test func everyMetricIsDocumented() async {
    for metric in Catalog.shared.metrics {
      #expect(!metric.definition.help.isEmpty && !metric.definition.source.isEmpty, "\(metric.id)")
    }
    let body = String(decoding: CatalogJSON.bytes, as: UTF8.self)
    #expect(body.hasPrefix(#"{"metrics":[{"id":"cpu.model","unit":"none","type":"info","help":"Processor model","#))
    #expect(
      body.contains(
        #"{"id":"disks.busy","unit":"ratio","type":"gauge","help":"Share of time with a request in flight","#
          + #""source":"/proc/diskstats Δio_ticks ÷ Δt","labels":["device"],"series":true}"#))
    #expect(body.contains(#""labels":["pid"],"series":false}"#))
    #expect(body.split(separator: #"{"id":""#).count == Catalog.shared.metrics.count + 1)
  }
}
