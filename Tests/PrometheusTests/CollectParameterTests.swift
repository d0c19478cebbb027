import API
import AgentMetrics
import CollectLinux
import CollectNode
import Collect
import SampleStore
import PrometheusExport
import TestSupport
import Testing

@testable import API

/// Parameters that scrapers send to /metrics: node_exporter's own, and others without a meaning here.
@Suite struct CollectParameterTests {
  private static func api(_ compatibility: PrometheusCompatibility = .all) -> API {
    let root = Fixture("nvme-md-dm").root
    let machine = Machines.recorded(root)
    let history = History(capacity: 3, interval: 30)
    let demand = SamplingDemand(history)
    demand.setLatest(machine.reading)
    history.append(machine.sample)
    var settings = API.APISettings()
    settings.prometheus = compatibility
    return API(history: history, demand: demand, settings: settings, scrapeSource: NodeOnly(root: root))
  }

  private static func names(_ query: String, _ compatibility: PrometheusCompatibility = .all) async throws -> Set<
    String
  > {
    let response = await api(compatibility).respond(to: API.Request(target: "/metrics" + query))
    try #require(response.status == 200, "\(query)")
    return Set(try ParsedText(String(decoding: response.body, as: UTF8.self)).names)
  }

  @Test(arguments: ["?format=prometheus", "?x=1", "?x=1&x=2&x", "?name[]=up", "?target=a&module=b", "?&&"])
  func unknownParametersAreIgnored(query: String) async throws {
    let (all, some) = (try await Self.names(""), try await Self.names(query))
    #expect(some == all && all.count > 150)
  }

  @Test(arguments: [
    ("cpu", ["node_cpu_guest_seconds_total", "node_cpu_seconds_total"]),
    ("loadavg", ["node_load1", "node_load15", "node_load5"]), ("uname", ["node_uname_info"]),
    ("filefd", ["node_filefd_allocated", "node_filefd_maximum"]),
    (
      "stat",
      [
        "node_boot_time_seconds", "node_context_switches_total", "node_forks_total", "node_intr_total",
        "node_procs_blocked", "node_procs_running",
      ]
    ),
    ("wifi", []),
  ]) func oneCollector(name: String, families: [String]) async throws {
    for query in ["?collect[]=\(name)", "?collect%5B%5D=\(name)&format=prometheus"] {
      #expect(try await Self.names(query).sorted() == families)
    }
  }

  @Test func severalCollectors() async throws {
    let names = try await Self.names("?collect[]=netdev&collect[]=meminfo&collect[]=netclass")
    let prefixes = Set(names.map { $0.split(separator: "_").prefix(2).joined(separator: "_") })
    #expect(prefixes == ["node_memory", "node_network"])
    #expect(names.contains("node_network_receive_bytes_total") && names.contains("node_network_up"))
    let traffic = try await Self.names("?collect[]=netdev")
    #expect(!traffic.isEmpty && traffic.isStrictSubset(of: names) && !traffic.contains("node_network_up"))
  }

  @Test func exclusion() async throws {
    let all = try await Self.names("")
    let some = try await Self.names("?exclude[]=meminfo&exclude[]=cpu")
    #expect(all.subtracting(some).allSatisfy { $0.hasPrefix("node_memory_") || $0.hasPrefix("node_cpu_") })
    #expect(some.contains("agent_cpu_usage_ratio") && some.contains("node_cpu_frequency_max_hertz"))
    #expect(try await Self.names("?collect[]=cpu&collect[]=uname&exclude[]=cpu") == ["node_uname_info"])
  }

  /// Every family of a scrape belongs to a collector, or it could not be selected.
  @Test func everyFamilyHasACollector() async throws {
    let all = try await Self.names("").filter { $0.hasPrefix("node_") }
    var found: Set<String> = []
    for name in NodeCollectors.known { found.formUnion(try await Self.names("?collect[]=\(name)")) }
    #expect(all.subtracting(found).sorted() == [])
  }

  @Test func aNameThatNodeExporterDoesNotHaveIsRefused() async {
    let response = await Self.api().respond(to: API.Request(target: "/metrics?collect[]=cpus"))
    #expect(response.status == 400)
    #expect(String(decoding: response.body, as: UTF8.self).contains(#""parameter":"collect[]""#))
  }

  @Test func withoutNodeExportersNamesTheyHaveNoMeaning() async throws {
    let names = try await Self.names("?collect[]=cpu&collect[]=x", .none)
    #expect(names.contains("agent_cpu_usage_ratio"))
  }
}
