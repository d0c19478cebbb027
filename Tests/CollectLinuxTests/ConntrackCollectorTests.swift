import AgentMetrics
import Collect
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct ConntrackCollectorTests {
  private func read(_ files: [String: String]) throws -> Conntrack? {
    let fixture = try Fixture(files: files)
    var reading = Reading()
    try ConntrackCollector(root: fixture.root).read(into: &reading)
    return reading.conntrack
  }

  @Test func aRouterWithManyConnections() throws {
    let table = try #require(
      try read([
        "proc/sys/net/netfilter/nf_conntrack_count": "241664\n", "proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
      ]))
    #expect(table.entries == 241_664)
    #expect(table.limit == 262_144)
    #expect(table.usage == 241_664.0 / 262_144)
  }

  @Test func withoutTheModuleThereIsNone() throws {
    #expect(try read(["proc/stat": ""]) == nil)
  }

  @Test func withoutALimitThereIsNoShare() throws {
    let table = try #require(try read(["proc/sys/net/netfilter/nf_conntrack_count": "7\n"]))
    #expect(table.entries == 7)
    #expect(table.limit.isNaN && table.usage.isNaN)
  }

  @Test func garbageIsAbsent() throws {
    for text in ["", "-1\n", "many\n"] {
      #expect(try read(["proc/sys/net/netfilter/nf_conntrack_count": text]) == nil, "\(text)")
    }
  }
}
