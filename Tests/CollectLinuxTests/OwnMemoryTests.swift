import AgentMetrics
import Collect
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct OwnMemoryTests {
  @Test func thisProcess() throws {
    var reading = Reading()
    let memory = OwnMemory()
    try OwnCostCollector(version: "1.2.3") { () throws(CollectorError) in try memory.resident() }.read(into: &reading)
    #expect(reading.agent.version == "1.2.3")
    let resident = try #require(reading.agent.resident)
    #expect(resident > 1_048_576 && resident < 1 << 40)
    #expect(try #require(reading.agent.cpuNanoseconds) > 0)
  }

  @Test func parsersSurviveAnything() {
    func resident(_ text: String) -> UInt64? {
      let bytes = Array(text.utf8)
      return StatmParser.residentPages(bytes.span)
    }
    #expect(resident("3632 300 250 1 0 90 0\n") == 300)
    #expect(resident("3632") == nil)
    surviveTruncationAndMutation(of: Array("3632 300 250 1 0 90 0\n".utf8), mutations: 20_000) { bytes in
      _ = StatmParser.residentPages(bytes)
    }
  }
}
