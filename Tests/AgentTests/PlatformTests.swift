import Collect
import PlatformUnsupported
import Platforms
import Testing

@testable import agent

@Suite struct PlatformTests {
  @Test func theSystemWithoutCollectorsShowsTheAgentItself() throws {
    let collectors = UnsupportedPlatform().allCollectors(root: "", version: "1.2.3")
    #expect(collectors.map(\.name) == ["agent", "gpu"])
    #expect(UnsupportedPlatform().processControl(.masked) == nil)
  }

  @Test func collectorsEndWithTheAgentAndItsGPUs() {
    let names = platform.allCollectors(root: "", version: "1.2.3").map(\.name)
    #expect(Array(names.suffix(2)) == ["agent", "gpu"] && names.count == Set(names).count)
  }
}
