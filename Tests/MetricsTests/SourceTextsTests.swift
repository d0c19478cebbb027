import Testing

@testable import AgentMetrics

@Suite struct SourceTextsTests {
  @Test func aPlatformReplacesTheTextsOfTheRows() throws {
    let usage = try #require(Catalog.shared["cpu.usage"])
    let connections = try #require(Catalog.shared.metrics.first { $0.definition.source == SourceTexts.agent })
    #expect(SourceTexts.rows.text(of: usage) == usage.definition.source)
    let others = SourceTexts(["cpu.usage": "GetSystemTimes", Counter.all[0].name: "a call"])
    #expect(others.text(of: usage) == "GetSystemTimes" && others.text(of: Counter.all[0]) == "a call")
    #expect(try others.text(of: #require(Catalog.shared["ram.used_mb"])).isEmpty)
    #expect(others.text(of: connections) == SourceTexts.agent)
  }
}
