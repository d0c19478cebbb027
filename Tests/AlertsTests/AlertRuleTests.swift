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
      ("cpu.model > 1", "must name a numeric metric"), ("> 1", "must be [NAME:]"), ("increases", "must name"),
      ("a b: cpu.usage > 1", "must name"), ("né: cpu.usage > 1", "must have a name"),
      ("processes.top.cpu > 1", "must name a numeric metric"),
    ])
  func malformed(_ text: String, _ reason: String) {
    let problem = problem(text)
    #expect(problem?.hasPrefix(reason) == true, "\(text): \(problem ?? "accepted")")
  }

  @Test func aRuleHasABound() {
    #expect(problem("cpu.usage > 1" + String(repeating: " ", count: 600)) == "must have at most 512 characters")
  }

  @Test func allShippedRulesAreValidAndHaveNamesOfTheirOwn() {
    #expect(AlertRule.defaults.count == AlertRule.texts.count)
    #expect(Set(AlertRule.defaults.map(\.name)).count == AlertRule.texts.count)
  }
}
