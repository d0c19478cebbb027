import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

@Suite struct AgentPanelTests {
  @Test func aSourcesNoteStandsBesideItsAgeAndBeforeSourcesThatSeeEverything() throws {
    var sample = Sample()
    sample.timestamp = Timestamp(seconds: ScreenGoldens.now)
    sample.agent.sources = (0..<20).map { SourceReading(name: "whole\($0)", duration: 0.01, success: true, age: 0) }
    var source = SourceReading(name: "sensors", duration: 0.001, success: true, age: 2)
    source.note = "/sys/class is not there"
    sample.agent.sources.append(source)
    let history = History(capacity: 2, interval: 1)
    history.append(sample)
    var input = ScreenGoldens.screenInput(history, size: Size(width: 80, height: 12))
    (input.state.focus, input.state.isMaximized) = (.agent, true)
    input.state.settings.hidden = []
    let rows = Screen(input).draw().grid.rows
    let row = try #require(rows.first { $0.contains("sensors") })
    #expect(row.contains("2s old, /sys/class is not there"))
  }
}
