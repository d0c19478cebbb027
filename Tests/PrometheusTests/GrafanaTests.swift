import AgentMetrics
import PrometheusExport
import SystemIO
import TestSupport
import Testing

/// scripts/grafana: the agent exports every name in the dashboard and the alerts.
@Suite(.ownThreads) struct GrafanaTests {
  static let folder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    + "/scripts/grafana/"

  static func names(in file: String) throws -> Set<String> {
    let text = String(decoding: try Files.contents(of: folder + file), as: UTF8.self)
    let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    return Set(words.filter { $0.hasPrefix("agent_") })
  }

  @Test(arguments: ["worker-agent.json", "alerts.yml"]) func namesAreTheCatalogs(file: String) throws {
    let names = try Self.names(in: file)
    let known = Set(PrometheusNames.shared.families.map(\.sample) + Counter.all.map(\.name))
    #expect(names.subtracting(known).sorted() == [])
    #expect(names.count > 15)
  }

  /// The agent's own rates are means over its interval; PromQL's are over the time that a panel shows.
  @Test(arguments: ["worker-agent.json", "alerts.yml"]) func countersComeFirst(file: String) throws {
    let names = try Self.names(in: file)
    #expect(names.contains("agent_cpu_seconds_total") && names.contains("agent_network_receive_errors_total"))
    let text = String(decoding: try Files.contents(of: Self.folder + file), as: UTF8.self)
    for name in names where name.hasSuffix("_total") && text.contains(name + "{") {
      for call in text.split(separator: name + "{").dropLast() {
        #expect(call.hasSuffix("rate(") || call.hasSuffix("increase("), "\(name)")
      }
    }
  }

  @Test(.enabled(if: ToolTests.promtool != nil, "promtool is not installed")) func promtoolTakesTheFiles() throws {
    for words in [
      ["check", "rules", Self.folder + "alerts.yml"], ["check", "config", Self.folder + "prometheus.yml"],
    ] {
      let result = try Program.run(ToolTests.promtool ?? "", words)
      #expect(result.status == 0, "\(result.output)\(result.errors)")
    }
  }
}
