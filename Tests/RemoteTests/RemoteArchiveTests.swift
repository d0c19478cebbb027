import AgentMetrics
import Query
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Remote

/// Columns received from another agent.
@Suite struct RemoteArchiveTests {
  private static let text = #"""
    {"interval_sec":30,"step_sec":60,"timestamps":[60,120.5,180],
     "series":{"cpu.usage":[0.25,null,0.5],"ram.used_mb":[1,2,3],"gpus.util{index=\"10\"}":[1,1,1],
       "gpus.util{index=\"2\"}":[0,0,0],"filesystems.usage{mountpoint=\"/a\\\"b,c\\\\\"}":[0.1,0.2,0.3],
       "temperatures.celsius{chip=\"nvme\",sensor=\"Composite\"}":[40,41,42],"not.known":[1,2,3]},
     "min":{"cpu.usage":[0.1,null,0.2]},"max":{"cpu.usage":[0.9,null,1]}}
    """#

  private func read(_ text: String) -> Columns? {
    let bytes = Array(text.utf8)
    return Columns(json: bytes.span)
  }

  @Test func columnsAreRead() throws {
    let columns = try #require(read(Self.text))
    #expect(columns.timestamps == [60, 120.5, 180])
    #expect(
      columns.series.map(\.key) == [
        "cpu.usage", "ram.used_mb", "gpus.util{index=\"2\"}", "gpus.util{index=\"10\"}",
        "filesystems.usage{mountpoint=\"/a\\\"b,c\\\\\"}",
        "temperatures.celsius{chip=\"nvme\",sensor=\"Composite\"}",
      ])
    let cpu = columns.series[0]
    #expect(cpu.values[0] == 0.25 && cpu.values[1].isNaN && cpu.values[2] == 0.5)
    #expect(cpu.minima[0] == 0.1 && cpu.maxima[2] == 1)
    // In base units.
    #expect(columns.series[1].values == [1_048_576, 2_097_152, 3_145_728] && columns.series[1].minima.isEmpty)
    #expect(columns.series[4].labels == ["/a\"b,c\\"] && columns.series[5].labels == ["nvme", "Composite"])
  }

  @Test(arguments: [
    "", "{}", "[]", #"{"timestamps":[1]}"#, #"{"timestamps":[1],"series":{"cpu.usage":[1,2]}}"#,
    #"{"timestamps":["a"],"series":{}}"#, #"{"timestamps":[2,1],"series":{}}"#,
    #"{"timestamps":[1],"series":{"cpu.usage":[1]},"min":{"cpu.usage":[]}}"#,
  ]) func whatIsNoAnswerIsNone(_ text: String) {
    #expect(read(text) == nil)
  }

  @Test func itSurvivesAnything() {
    surviveTruncationAndMutation(of: Array(Self.text.utf8), mutations: 3_000) { _ = Columns(json: $0) }
  }
}

/// Events received from another agent.
@Suite struct RemoteEventsTests {
  private static let text = #"""
    {"since":"2026-02-05T06:45:00Z","events":[
      {"time":"2026-02-05T07:00:00Z","kind":"oom_kill","severity":"critical","subject":"service:db","text":"out of memory","count":2,
       "workload":"service:db"},
      {"time":"2026-02-05T06:50:00Z","kind":"flood","severity":"warning","subject":"","text":"the cellar","count":1},
      {"kind":"reboot","subject":"","text":"no time"},
      {"time":"2026-02-05T06:46:00Z","kind":"link_up","severity":"info","subject":"eth0","text":"up","count":1,"duration_seconds":70}],
     "truncated":true}
    """#

  private func read(_ text: String) -> EventHistory? {
    let bytes = Array(text.utf8)
    return EventHistory(json: bytes.span)
  }

  @Test func eventsAreRead() throws {
    let found = try #require(read(Self.text))
    #expect(found.since == 1_770_273_900 && found.isTruncated)
    #expect(found.events.map(\.kind) == [.outOfMemory, .other, .linkUp])
    #expect(found.events[0].count == 2 && found.events[0].workload == "service:db")
    #expect(found.events[1].severity == .warning && found.events[1].text == "the cellar")
    #expect(found.events[2].duration == 70)
  }

  @Test(arguments: ["", "{}", "[]", "null"]) func whatIsNoAnswerIsNone(_ text: String) {
    #expect(read(text) == nil)
  }

  @Test func itSurvivesAnything() {
    surviveTruncationAndMutation(of: Array(Self.text.utf8), mutations: 3_000) { _ = EventHistory(json: $0) }
  }
}
