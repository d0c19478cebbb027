import AgentMetrics
import Testing

@testable import Alerts

@Suite struct AlertEvaluatorTests {
  /// A machine at a number of seconds after its start.
  private func sample(_ seconds: Double, _ change: (inout Sample) -> Void = { _ in }) -> Sample {
    var sample = Sample()
    sample.timestamp = Timestamp(seconds: 1_770_000_000 + seconds)
    sample.boottime = 1_000 + seconds
    sample.host.hostname = "box"
    change(&sample)
    return sample
  }

  private func filesystem(_ mountpoint: String, _ usage: Double, isReadOnly: Bool = false) -> Filesystem {
    var filesystem = Filesystem(mountpoint: mountpoint, device: "/dev/sda1", fstype: "ext4", isReadOnly: isReadOnly)
    filesystem.usage = usage
    return filesystem
  }

  @Test func firesAfterItsDurationAndEndsAMinuteAfterTheCondition() throws {
    var evaluator = AlertEvaluator([try AlertRule("ram.oom_kills_total > 5 for 1m")])
    func evaluate(_ seconds: Double, _ kills: Double) -> [AlertChange] {
      evaluator.evaluate(sample(seconds) { $0.ram.oomKills = kills })
    }
    #expect(evaluate(0, 5).isEmpty)
    #expect(evaluator.alerts.isEmpty)
    #expect(evaluate(30, 6).isEmpty)
    #expect(evaluator.alerts.first?.phase == .pending)
    #expect(evaluate(60, 7).isEmpty)
    let began = evaluate(90, 8)
    #expect(began.map(\.isFiring) == [true])
    #expect(began.first?.host == "box")
    #expect(began.first?.alert.since == 1_770_000_030)
    #expect(began.first?.alert.value == 8)
    #expect(evaluator.alerts.first?.state == 2)
    // Below the threshold for less than a minute: it goes on.
    #expect(evaluate(120, 0).isEmpty)
    #expect(evaluate(140, 9).isEmpty)
    #expect(evaluate(170, 0).isEmpty)
    #expect(evaluate(199, 0).isEmpty)
    #expect(evaluate(200, 0).map(\.isFiring) == [false])
    #expect(evaluator.alerts.isEmpty)
  }

  @Test("New rules keep the alerts of those that stay, and end those of the others with the next sample")
  func replacedRules() throws {
    let (kept, gone) = (try AlertRule("kept: ram.oom_kills_total > 5"), try AlertRule("gone: ram.oom_kills_total > 6"))
    var evaluator = AlertEvaluator([gone, kept])
    #expect(evaluator.evaluate(sample(0) { $0.ram.oomKills = 9 }).count == 2)
    let new = try AlertRule("new: ram.oom_kills_total > 7 for 1h")
    evaluator.replace([kept, new])
    #expect(evaluator.rules == [kept, new] && evaluator.alerts.map(\.name) == ["kept"])
    let changes = evaluator.evaluate(sample(30) { $0.ram.oomKills = 9 })
    #expect(changes.map(\.alert.name) == ["gone"] && changes.map(\.isFiring) == [false])
    #expect(evaluator.alerts.map(\.name) == ["kept", "new"])
    #expect(evaluator.alerts.first?.since == 1_770_000_000)
    #expect(evaluator.evaluate(sample(60) { $0.ram.oomKills = 9 }).isEmpty)
  }

  @Test func aPendingAlertIsGoneWithItsCondition() throws {
    var evaluator = AlertEvaluator([try AlertRule("ram.oom_kills_total > 5 for 1m")])
    _ = evaluator.evaluate(sample(0) { $0.ram.oomKills = 6 })
    #expect(evaluator.evaluate(sample(30) { $0.ram.oomKills = 5 }).isEmpty)
    #expect(evaluator.alerts.isEmpty)
  }

  @Test func eachSeriesHasItsOwnAlertAndImagesHaveNone() throws {
    var evaluator = AlertEvaluator([try AlertRule("full: filesystems.usage > 95%")])
    let changes = evaluator.evaluate(
      sample(0) {
        $0.filesystems = [
          filesystem("/", 0.5), filesystem("/var", 0.96), filesystem("/data", 0.99),
          filesystem("/snap/core", 1, isReadOnly: true),
        ]
      })
    #expect(Set(changes.map(\.alert.target)) == ["/var", "/data"])
    #expect(
      changes.first { $0.alert.target == "/var" }?.alert.summary == "filesystem /var: share in use is 96%, above 95%"
    )
  }

  @Test func aRuleThatNamesAnImageFires() throws {
    var evaluator = AlertEvaluator([try AlertRule(#"filesystems.usage{mountpoint="/snap/core"} > 95%"#)])
    let full = sample(0) {
      $0.filesystems = [filesystem("/snap/core", 1, isReadOnly: true), filesystem("/var", 0.99)]
    }
    #expect(evaluator.evaluate(full).map(\.alert.target) == ["/snap/core"])
  }

  @Test func growthNeedsAnEarlierValue() throws {
    var evaluator = AlertEvaluator([try AlertRule("ram.oom_kills_total increases")])
    #expect(evaluator.evaluate(sample(0) { $0.ram.oomKills = 7 }).isEmpty)
    #expect(evaluator.evaluate(sample(30) { $0.ram.oomKills = 7 }).isEmpty)
    #expect(evaluator.evaluate(sample(60) { $0.ram.oomKills = 8 }).map(\.isFiring) == [true])
    #expect(evaluator.evaluate(sample(90) { $0.ram.oomKills = 8 }).isEmpty)
    #expect(evaluator.evaluate(sample(120) { $0.ram.oomKills = 8 }).map(\.isFiring) == [false])
    // A restart of the source is no growth.
    #expect(evaluator.evaluate(sample(150) { $0.ram.oomKills = 0 }).isEmpty)
  }

  @Test func aMetricIsComparedWithThatOfTheSameSeries() throws {
    var evaluator = AlertEvaluator([try AlertRule("temperatures.celsius >= temperatures.critical_celsius")])
    func sensor(_ name: String, _ celsius: Double, _ critical: Double) -> Temperature {
      var sensor = Temperature()
      (sensor.chip, sensor.sensor, sensor.celsius, sensor.critical) = ("nvme", name, celsius, critical)
      return sensor
    }
    let changes = evaluator.evaluate(
      sample(0) {
        $0.temperatures = [sensor("a", 80, 90), sensor("b", 91, 90), sensor("c", 120, .nan)]
      })
    #expect(changes.map(\.alert.target) == ["nvme,b"])
    #expect(changes.first?.alert.summary.hasSuffix("is 91 °C, at least 90 °C") == true)
  }

  @Test func aSeriesThatVanishesEndsItsAlert() throws {
    var evaluator = AlertEvaluator([try AlertRule("full: filesystems.usage > 95%")])
    _ = evaluator.evaluate(sample(0) { $0.filesystems = [filesystem("/var", 0.99)] })
    #expect(evaluator.evaluate(sample(30)).isEmpty)
    #expect(evaluator.evaluate(sample(60)).map(\.isFiring) == [false])
  }

  @Test func alertsAreBounded() throws {
    var evaluator = AlertEvaluator([try AlertRule("full: filesystems.usage > 95%")])
    let many = sample(0) { $0.filesystems = (0..<1_000).map { filesystem("/\($0)", 1) } }
    #expect(evaluator.evaluate(many).count == AlertEvaluator.maxAlerts)
  }

  @Test func silenceLastsUntilTheEnd() throws {
    var evaluator = AlertEvaluator([try AlertRule("ram.oom_kills_total > 5")])
    _ = evaluator.evaluate(sample(0) { $0.ram.oomKills = 6 })
    evaluator.setSilenced(true)
    _ = evaluator.evaluate(sample(30) { $0.ram.oomKills = 7 })
    #expect(evaluator.alerts.map(\.isSilenced) == [true])
    _ = evaluator.evaluate(sample(90) { $0.ram.oomKills = 0 })
    _ = evaluator.evaluate(sample(120) { $0.ram.oomKills = 6 })
    #expect(evaluator.alerts.map(\.isSilenced) == [false])
  }

  @Test func theShippedRulesAreSilentOnAnEmptySample() {
    var evaluator = AlertEvaluator(AlertRule.defaults)
    for tick in 0..<100 { #expect(evaluator.evaluate(sample(Double(tick) * 30)).isEmpty) }
    #expect(evaluator.alerts.isEmpty)
  }
}
