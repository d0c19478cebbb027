import AgentMetrics
import TestSupport
import Testing

@testable import API

/// Compares the catalog with a checked-in list: a metric does not appear, vanish or change its unit by accident.
///
/// RECORD_GOLDENS=1 writes the list.
@Suite struct CatalogListTests {
  @Test func catalogIsTheCheckedInList() throws {
    let lines = Catalog.shared.metrics.map { metric in
      ([metric.id, metric.definition.unit.rawValue, metric.definition.kind.rawValue]
        + [metric.labels.isEmpty ? "-" : metric.labels.joined(separator: ",")]).joined(separator: " ")
    }
    try Golden.expect(lines.joined(separator: "\n") + "\n", is: "catalog.txt")
  }

  @Test func everyMetricIsDocumented() async {
    for metric in Catalog.shared.metrics {
      #expect(!metric.definition.help.isEmpty && !metric.definition.source.isEmpty, "\(metric.id)")
    }
    let body = String(decoding: CatalogJSON(sources: .rows).document.bytes, as: UTF8.self)
    #expect(
      body.hasPrefix(#"{"metrics":[{"id":"cpu.model","unit":"none","type":"info","title":"Processor model","help":"#))
    #expect(
      body.contains(
        #"{"id":"disks.busy","unit":"ratio","type":"gauge","title":"Utilization","title_ja":"ビジー率","#
          + #""help":"Share of time with a request in flight","source":"/proc/diskstats Δio_ticks ÷ Δt","labels":["device"],"series":true}"#
      ))
    #expect(body.contains(#""labels":["pid"],"series":false}"#))
    #expect(body.split(separator: #"{"id":""#).count == Catalog.shared.metrics.count + 1)
  }

  /// A title other than the help stands beside a value on a screen.
  @Test func titlesAreShort() {
    let titled = Catalog.shared.metrics.map(\.definition).filter { $0.title != $0.help }
    #expect(titled.count > 100)
    for definition in titled {
      for title in [definition.title, definition.japaneseTitle ?? "-"] {
        #expect((1...18).contains(title.count), "\(definition.name): \(title)")
      }
    }
  }
}
