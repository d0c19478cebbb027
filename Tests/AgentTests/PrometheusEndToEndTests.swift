import SystemIO
import TestSupport
import Testing

/// The real binary, scraped.
@Suite(.ownThreads) struct PrometheusEndToEndTests {
  private func scrape(_ arguments: [String], environment: [String: String] = [:]) throws -> Loopback.Answer {
    let (process, port) = try AgentProcess.serving(
      ["--root", Fixture("recorded-net").root] + arguments, environment: environment)
    let answer = try Loopback.get("/metrics", port: port)
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    return answer
  }

  @Test func aRecording() throws {
    let answer = try scrape([])
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    let lines = answer.body.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("node_uname_info{") && $0.contains("nodename=\"recorded\"") })
    #expect(lines.contains { $0.hasPrefix("node_netstat_Tcp_ActiveOpens ") })
    #expect(lines.contains { $0.hasPrefix("agent_self_info{version=") })
    #expect(lines.contains { $0.hasPrefix("process_cpu_seconds_total ") })
    #expect(!lines.contains { $0.hasPrefix("DCGM_") })
  }

  @Test func ownNamesOnly() throws {
    for answer in [
      try scrape(["--prom-compat", "none"]), try scrape([], environment: ["PROM_COMPAT": "none"]),
    ] {
      #expect(answer.status == 200)
      #expect(answer.body.contains("\nagent_ram_total_bytes "))
      #expect(!answer.body.contains("\nnode_"))
    }
  }

  @Test func unknownNames() throws {
    let result = try AgentProcess.run(["--prom-compat", "collectd"])
    #expect(result.status == 64)
    #expect(
      result.errors == "agent: --prom-compat: invalid value \"collectd\": must be one of none, node, dcgm, all,"
        + " cadvisor\n")
  }
}
