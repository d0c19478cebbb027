import AgentMetrics
import Query
import Testing

@testable import Alerts

@Suite struct AlertRuleTests {
  private func problem(_ text: String) -> String? {
    do throws(AlertRule.RuleError) {
      _ = try AlertRule(text)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func aThresholdWithADuration() throws {
    let rule = try AlertRule("cpu.usage > 0.95 for 5m")
    #expect(rule.name == "cpu.usage")
    #expect(rule.condition == .number(.above, 0.95))
    #expect(rule.hold == 300)
    #expect(rule.text == "cpu.usage > 0.95 for 5m")
  }

  @Test func aNameLabelsAndAShare() throws {
    let rule = try AlertRule(#"full:  filesystems.usage{mountpoint="/my data"}  >=  90%"#)
    #expect(rule.name == "full")
    #expect(rule.condition == .number(.atLeast, 0.9))
    #expect(rule.selector.matches(key: #"filesystems.usage{mountpoint="/my data"}"#))
    #expect(!rule.selector.matches(key: #"filesystems.usage{mountpoint="/"}"#))
    #expect(rule.text == #"filesystems.usage{mountpoint="/my data"} >= 90%"#)
  }

  @Test func anotherMetricAndGrowth() throws {
    #expect(
      try AlertRule("gpus.temperature_c >= gpus.slowdown_temperature_c").condition
        == .metric(.atLeast, "gpus.slowdown_temperature_c"))
    #expect(try AlertRule("ram.oom_kills_total increases for 1h").condition == .increases)
  }

  @Test(
    "Each malformed rule has a reason of its own",
    arguments: [
      ("", "must be [NAME:]"), ("cpu.usage", "must be [NAME:]"), ("cpu.usage > ", "must be [NAME:]"),
      ("cpu.usage ~ 1", "must compare by"), ("cpu.usage > much", "must compare with a number"),
      ("cpu.usage > nan", "must compare with a number"), ("cpu.usage > inf", "must compare with a number"),
      ("cpu.usage > 1 for ever", "must end in a duration"), ("cpu.usage > 1 for 0s", "must end in a duration"),
      ("cpu.usage > 1 for 8d", "must end in a duration"), ("cpu.use > 1", "must name a numeric metric"),
      ("cpu.model > 1", "must name a metric of /catalog that is a number"), ("> 1", "must be [NAME:]"),
      ("increases", "must name"),
      ("a b: cpu.usage > 1", "must name"), ("né: cpu.usage > 1", "must have a name"),
      ("processes.top.name > 1", "must name a metric of /catalog that is a number"),
      ("processes.ended.cpu > 1", "must name a metric of objects that last, or of processes.top or workloads.top"),
      ("processes.to*.cpu > 1", "must name a numeric metric"), ("processes.top.cp > 1", "must name a numeric metric"),
      (
        #"workloads.top.cpu{workload="a"} > 1"#,
        "must use the labels of workloads.top.cpu, workload, kind, all of them in this order or * for the others"
      ),
      ("cpu.usage > 1 for", "must have a duration after"), ("cpu.usage increases for", "must have a duration after"),
      (#"filesystems.usage{mountpoint=~"/"} > 10%"#, #"must compare label mountpoint by =, not "=~""#),
      (#"filesystems.usage{mountpoint!="/"} > 10%"#, #"must compare label mountpoint by =, not "!=""#),
      (#"filesystems.usage{mountpoint="/} > 10%"#, "must end the value of label mountpoint with a quote"),
      (#"filesystems.usage{mountpoint="/\"} > 10%"#, "must end the value of label mountpoint with a quote"),
      (#"filesystems.usage{mountpoint="/" > 10%"#, "must end its labels with }"),
      (#"filesystems.usage{mount="/"} > 10%"#, "must use the labels of filesystems.usage, mountpoint"),
      ("filesystems.usage{} > 10%", "must use the labels of filesystems.usage, mountpoint"),
      (#"cpu.usage{x="1"} > 0"#, #"must have no labels, since cpu.usage has none, not "x""#),
      (#"gpus.*{gpu="1"} > 0"#, "must use labels of a metric that gpus.* matches"),
      (#"temperatures.celsius{sensor="a"} > 0"#, "must use the labels of temperatures.celsius, chip, sensor"),
    ])
  func malformed(_ text: String, _ reason: String) {
    let problem = problem(text)
    #expect(problem?.hasPrefix(reason) == true, "\(text): \(problem ?? "accepted")")
  }

  @Test(
    "Labels may have stars",
    arguments: [
      #"filesystems.usage{mountpoint="/*"}"#, #"filesystems.usage{*}"#, #"filesystems.*{mountpoint="/"}"#,
      #"temperatures.celsius{*sensor="a"}"#, #"temperatures.celsius{chip="a"*}"#, #"*{mountpoint="/a=~b}"}"#,
      #"filesystems.usage{mountpoint="/a\"b"}"#, "filesystems.usage*", "processes.top.cpu", "workloads.top.*_total",
      #"workloads.top.memory_bytes{workload="service:x",kind="service"}"#, #"processes.top.cpu{pid="1"}"#,
      #"workloads.top.memory_bytes{workload="service:x"*}"#,
    ])
  func stars(_ selector: String) {
    #expect(problem(selector + " > 1") == nil)
  }

  @Test("Rules without a name that can be of one series have names of their own, in any order")
  func distinctNames() throws {
    func names(_ texts: [String]) throws -> [String: String] {
      let rules = AlertRule.distinct(try texts.map { try AlertRule($0) })
      return Dictionary(uniqueKeysWithValues: rules.map { ($0.text, $0.name) })
    }
    #expect(try names(["cpu.usage > 90%"]) == ["cpu.usage > 90%": "cpu.usage"])
    let texts = ["cpu.usage  > 90%", "cpu.usage > 95% for 1m", "cpu.usage > 95%", "named: cpu.usage > 99%"]
    let distinct = try names(texts)
    #expect(
      distinct == [
        "cpu.usage > 90%": "cpu.usage > 90%", "cpu.usage > 95% for 1m": "cpu.usage > 95% for 1m",
        "cpu.usage > 95%": "cpu.usage > 95%", "cpu.usage > 99%": "named",
      ])
    #expect(try names(texts.reversed()) == distinct)
    let (root, data) = (
      #"filesystems.usage{mountpoint="/"} > 90%"#, #"filesystems.usage{mountpoint="/data"} > 80%"#
    )
    #expect(try Set(names([root, data]).values) == ["filesystems.usage"], "the series differ")
    #expect(try names([root, "filesystems.usage > 95%"]).values.allSatisfy { $0 != "filesystems.usage" })
    #expect(try Set(names(["gpus.* > 5", "gpus.util > 1"]).values) == ["gpus.*", "gpus.util"])
  }

  @Test("A name that is given twice, and a rule that is, are named")
  func repetitions() throws {
    func repetition(_ texts: [String]) throws -> String? {
      AlertRule.repetition(in: try texts.map { try AlertRule($0) }).map { $0.rule + " | " + $0.reason }
    }
    #expect(try repetition(["p: cpu.usage > 1%", "q: cpu.usage > 1%", "cpu.usage > 1%", "cpu.usage > 2%"]) == nil)
    #expect(
      try repetition(["p: cpu.usage > 1%", "p: ram.usage > 2%"]) == "p: ram.usage > 2% | the name p is given twice")
    #expect(try repetition(["cpu.usage > 1%", "cpu.usage  > 1%"]) == "cpu.usage > 1% | the rule is given twice")
  }

  @Test(
    "A rule that cannot fire is known",
    arguments: [
      ("cpu.usage > 95", "never fires: cpu.usage is at most 1; write 95%"),
      ("cpu.usage > 950%", "never fires: cpu.usage is at most 1, which is 100%"),
      ("cpu.usage >= 100.5%", "never fires: cpu.usage is at most 1, which is 100%"),
      ("cpu.usage > 1", "never fires: cpu.usage is at most 1, which is 100%"),
      ("cpu.usage < 0", "never fires: cpu.usage is at least 0"),
      ("filesystems.usage{mountpoint=\"/\"} == 90", "never fires: filesystems.usage is at most 1; write 90%"),
      ("pressure.*.avg60 > 20", "never fires: pressure.cpu.some.avg60 is at most 1; write 20%"),
      ("cpu.usage increases", "may fire at any time: cpu.usage is no counter, it rises and falls"),
    ])
  func impossible(_ text: String, _ warning: String) throws {
    #expect(try AlertRule("name: " + text).warning == "\"\(text)\" " + warning)
  }

  @Test(arguments: [
    "cpu.usage > 95%", "cpu.usage >= 1", "cpu.usage < 1", "cpu.usage <= 0", "cpu.usage == 0", "cpu.usage != 7",
    "processes.top.cpu > 3", "workloads.top.cpu > 3", "load.load1 > 95", "gpus.* > 95", "ram.oom_kills_total increases",
    "processes.zombie increases", "cgroup.cpu_usage > 1", "gpus.temperature_c > 85",
  ])
  func possible(_ text: String) throws {
    #expect(problem(text) == nil && (try? AlertRule(text))?.warning == nil)
  }

  @Test func noShippedRuleIsImpossible() {
    #expect(AlertRule.defaults.compactMap(\.warning).isEmpty)
  }

  @Test func aRuleHasABound() {
    #expect(problem("cpu.usage > 1" + String(repeating: " ", count: 600)) == "must have at most 512 characters")
  }

  @Test func allShippedRulesAreValidAndHaveNamesOfTheirOwn() {
    #expect(AlertRule.defaults.count == AlertRule.texts.count)
    #expect(Set(AlertRule.defaults.map(\.name)).count == AlertRule.texts.count)
  }
}
