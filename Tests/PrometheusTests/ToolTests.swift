import AgentMetrics
import CollectLinux
import CollectNode
import NodeMetrics
import PrometheusExport
import SystemIO
import TestSupport
import Testing

@testable import API

/// Validates scrapes with other programs; each test is skipped with a message if its program is missing.
@Suite(.ownThreads) struct ToolTests {
  private func file(_ text: String) throws -> String {
    try Fixture(files: ["scrape": text]).root + "/scrape"
  }

  static let promtool = Program.path(of: "promtool")

  @Test(.enabled(if: promtool != nil, "promtool is not installed")) func promtoolAccepts() throws {
    for name in Fixture.machines + ["demo"] {
      let machine = name == "demo" ? try Machines.demo() : Machines.recorded(Fixture(name).root)
      let text = Machines.scrape(machine, .text, .none)
      let result = try Program.run(
        Self.promtool ?? "", ["check", "metrics"], input: try file(text))
      #expect(result.status == 0, "\(name): \(result.output)\(result.errors)")
      #expect(result.output + result.errors == "")
    }
  }

  /// With node_exporter's names, which violate many of its rules, it must at least parse the text.
  @Test(.enabled(if: promtool != nil, "promtool is not installed")) func promtoolReadsAll() throws {
    let root = Fixture("nvme-md-dm").root
    let text = Machines.scrape(Machines.recorded(root), source: NodeOnly(root: root))
    let result = try Program.run(Self.promtool ?? "", ["check", "metrics"], input: try file(text))
    #expect(result.status == 3)
    #expect(!result.errors.contains("error while linting") && !result.output.contains("parsing"), "\(result.errors)")
  }

  /// A Python that has prometheus_client.
  static let python: String? = ["/usr/bin/python3", Program.path(of: "python3") ?? ""].first { path in
    access(path, X_OK) == 0 && (try? Program.run(path, ["-c", "import prometheus_client"]))?.status == 0
  }

  static let parser = """
    import sys
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    families = list(text_string_to_metric_families(sys.stdin.read()))
    print(len(families), sum(len(family.samples) for family in families))
    """

  @Test(.enabled(if: python != nil, "prometheus_client is not installed")) func openMetricsIsWellFormed() throws {
    var hostile = try Machines.demo()
    hostile.reading.filesystems = [
      Filesystem(mountpoint: "a\\\"b\n{c=\"d\"} 1\n# EOF\n", device: "\u{1F600}\t", fstype: "\\", isReadOnly: false)
    ]
    hostile.sample = Sample(sinceBoot: hostile.reading)
    let root = Fixture("nvme-md-dm").root
    for (machine, source) in [
      (try Machines.demo(), nil), (hostile, nil),
      (Machines.recorded(root), NodeOnly(root: root) as (any ScrapeSource)?),
    ] {
      let text = Machines.scrape(machine, .openMetrics, source: source)
      let result = try Program.run(Self.python ?? "", ["-c", Self.parser], input: try file(text))
      #expect(result.status == 0, "\(result.errors)")
      let samples = text.split(separator: "\n").count { !$0.hasPrefix("#") }
      #expect(result.output.split(separator: " ").last.map { $0.filter(\.isNumber) } == String(samples))
    }
  }
}
