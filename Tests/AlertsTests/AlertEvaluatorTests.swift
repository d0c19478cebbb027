import AgentMetrics
import ArchiveTestSupport
import Query
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

  @Test func workloadsAndProcessesOfASample() throws {
    var evaluator = AlertEvaluator([
      try AlertRule(#"mem: workloads.top.memory_bytes{workload="service:x",*} > 1e8"#),
      try AlertRule("limit: workloads.top.memory_bytes >= workloads.top.memory_limit_bytes"),
      try AlertRule("busy: processes.top.cpu > 3"), try AlertRule("any: * > 1e300"),
    ])
    func workload(_ name: String, memory: Double, limit: Double) -> Workload {
      var workload = Workload()
      (workload.kind, workload.id, workload.name) = (.service, "service:" + name, name)
      (workload.memory, workload.memoryLimit) = (memory, limit)
      return workload
    }
    func process(_ pid: Int32, _ cpu: Double) -> AgentMetrics.Process {
      var process = AgentMetrics.Process()
      (process.pid, process.name, process.cpu) = (pid, "python3", cpu)
      return process
    }
    let changes = evaluator.evaluate(
      sample(0) { sample in
        var workloads = Workloads()
        workloads.top = [
          workload("x", memory: 2e8, limit: .nan), workload("y", memory: 3e8, limit: 3e8),
          workload("z", memory: 3e8, limit: 4e8),
        ]
        sample.workloads = workloads
        var processes = Processes()
        processes.top = [process(7, 2), process(4_711, 3.5)]
        sample.processes = processes
      })
    #expect(changes.map(\.alert.name).sorted() == ["busy", "limit", "mem"])
    #expect(Set(changes.map(\.alert.target)) == ["service:x,service", "service:y,service", "4711"])
    let summaries = changes.map(\.alert.summary)
    #expect(summaries.contains { $0.hasPrefix("process python3 (4711): ") }, "\(summaries)")
    #expect(summaries.contains { $0.hasPrefix("workload service:x: memory is ") }, "\(summaries)")
  }

  @Test func aSeriesThatVanishesEndsItsAlert() throws {
    var evaluator = AlertEvaluator([try AlertRule("full: filesystems.usage > 95%")])
    _ = evaluator.evaluate(sample(0) { $0.filesystems = [filesystem("/var", 0.99)] })
    #expect(evaluator.evaluate(sample(30)).isEmpty)
    let ended = evaluator.evaluate(sample(60))
    #expect(ended.map(\.isFiring) == [false])
    #expect(
      ended.first?.alert.summary == "filesystem /var: share in use is 99%, above 95%; no longer reported")
  }

  @Test(
    "The end of an alert says the value of that time",
    arguments: [
      ("ram.oom_kills_total > 149", 194.0, 140.0, "194, above 149", "140, no longer above 149"),
      ("ram.oom_kills_total <= 1e1", 9, 11, "9, at most 10", "11, no longer at most 10"),
      ("ram.oom_kills_total != 5", 6, 5, "6, not 5", "5"), ("ram.oom_kills_total == 5", 5, 6, "5", "6"),
    ])
  func endsWithTheirValue(rule: String, value: Double, later: Double, text: String, end: String) throws {
    var evaluator = AlertEvaluator([try AlertRule(rule)])
    let began = evaluator.evaluate(sample(0) { $0.ram.oomKills = value })
    #expect(began.first?.alert.summary.hasSuffix(" is " + text) == true, "\(began)")
    _ = evaluator.evaluate(sample(30) { $0.ram.oomKills = later })
    let ended = evaluator.evaluate(sample(60) { $0.ram.oomKills = later })
    #expect(ended.first?.isFiring == false && ended.first?.alert.summary.hasSuffix(" is " + end) == true, "\(ended)")
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

  /// An evaluator of a new agent, after the last sample of the one before.
  private func restarted(_ rules: [String], after last: Sample) throws -> AlertEvaluator {
    var evaluator = AlertEvaluator(try rules.map { try AlertRule($0) })
    evaluator.resume(after: last)
    return evaluator
  }

  /// The last sample of an agent with alerts.
  private func last(_ rules: [String], _ change: (inout Sample) -> Void) throws -> Sample {
    var evaluator = AlertEvaluator(try rules.map { try AlertRule($0) })
    var last = sample(0, change)
    _ = evaluator.evaluate(last)
    evaluator.setSilenced(true)
    last.alerts = evaluator.alerts
    return last
  }

  @Test func anAlertGoesOnAfterARestart() throws {
    let rules = ["other: ram.oom_kills_total < 0", "full: filesystems.usage > 95% for 1s"]
    var last = try last(rules) { $0.filesystems = [filesystem("/", 0.97), filesystem("/var", 0.99)] }
    for index in last.alerts.indices { last.alerts[index].phase = .firing }
    var evaluator = try restarted(Array(rules.reversed()), after: last)
    #expect(evaluator.alerts.map(\.phase) == [.firing, .firing], "before the first sample, too")
    // A filesystem that hung is read with a later pass.
    #expect(evaluator.evaluate(sample(30) { $0.filesystems = [filesystem("/", 0.98)] }).isEmpty)
    let full = { (sample: inout Sample) in sample.filesystems = [filesystem("/", 0.5), filesystem("/var", 0.99)] }
    #expect(evaluator.evaluate(sample(60, full)).isEmpty)
    #expect(evaluator.alerts.map(\.since) == [1_770_000_000, 1_770_000_000])
    #expect(Set(evaluator.alerts.map(\.value)) == [0.5, 0.99])
    let ended = evaluator.evaluate(sample(90, full))
    #expect(ended.map(\.isFiring) == [false] && ended.first?.alert.target == "/")
    #expect(ended.first?.alert.since == 1_770_000_000)
    #expect(evaluator.alerts.map(\.target) == ["/var"])
  }

  @Test func silenceOutlastsARestart() throws {
    let last = try last(["ram.oom_kills_total > 5"]) { $0.ram.oomKills = 6 }
    var evaluator = try restarted(["ram.oom_kills_total > 5"], after: last)
    #expect(evaluator.evaluate(sample(900) { $0.ram.oomKills = 9 }).isEmpty)
    #expect(evaluator.alerts.map(\.isSilenced) == [true] && evaluator.alerts.first?.value == 9)
    evaluator.setSilenced(false)
    #expect(evaluator.alerts.map(\.isSilenced) == [false])
  }

  /// Alertmanager gets them again; before the first sample they may be another machine's.
  @Test func firingAlertsOfARestartAreKnownWithTheFirstSample() throws {
    let rules = ["ram.oom_kills_total > 5", "wait: ram.oom_kills_total > 5 for 1h"]
    let last = try last(rules) { $0.ram.oomKills = 6 }
    var evaluator = try restarted(rules, after: last)
    #expect(evaluator.alerts.count == 2 && evaluator.firing.isEmpty)
    var next = sample(30) { $0.ram.oomKills = 6 }
    next.host.hostname = last.host.hostname
    _ = evaluator.evaluate(next)
    #expect(evaluator.firing.map(\.alert.isSilenced) == [true], "Alertmanager needs it, too")
    #expect(evaluator.firing.map(\.isResumed) == [true])
    evaluator.setSilenced(false)
    let firing = try #require(evaluator.firing.first)
    #expect(evaluator.firing.count == 1 && firing.isFiring && firing.alert == evaluator.alerts.first)
    #expect(firing.host == next.host.hostname ?? "" && firing.time == 1_770_000_030)
    #expect(firing.alert.since == 1_770_000_000)
  }

  @Test func anAlertWhoseConditionOrSeriesIsGoneEndsAfterARestart() throws {
    let rules = ["ram.oom_kills_total > 5", "full: filesystems.usage > 95%"]
    let last = try last(rules) { ($0.ram.oomKills, $0.filesystems) = (6, [filesystem("/var", 0.99)]) }
    var evaluator = try restarted(rules, after: last)
    #expect(evaluator.evaluate(sample(300) { $0.ram.oomKills = 0 }).isEmpty)
    #expect(evaluator.alerts.count == 2)
    let ended = evaluator.evaluate(sample(360) { $0.ram.oomKills = 0 })
    #expect(ended.map(\.isFiring) == [false, false] && evaluator.alerts.isEmpty)
    #expect(Set(ended.map(\.alert.name)) == ["ram.oom_kills_total", "full"])
  }

  @Test func anAlertOfARuleThatIsGoneOrChangedEndsWithTheFirstSample() throws {
    let last = try last(["gone: ram.oom_kills_total > 5", "changed: ram.oom_kills_total > 5"]) { $0.ram.oomKills = 6 }
    var evaluator = try restarted(["changed: ram.oom_kills_total > 4"], after: last)
    let changes = evaluator.evaluate(sample(30) { $0.ram.oomKills = 6 })
    #expect(changes.map(\.alert.name) == ["gone", "changed", "changed"])
    #expect(changes.map(\.isFiring) == [false, false, true], "ends come first: receivers know an alert by its name")
    #expect(changes.map(\.alert.since) == [1_770_000_000, 1_770_000_000, 1_770_000_030])
    #expect(evaluator.evaluate(sample(60) { $0.ram.oomKills = 6 }).isEmpty)
    // A rule that is removed before its series is seen.
    var other = try restarted(["changed: ram.oom_kills_total > 5"], after: last)
    #expect(other.evaluate(sample(30)).map(\.alert.name) == ["gone"])
    other.replace([])
    #expect(other.evaluate(sample(40)).map(\.alert.name) == ["changed"])
  }

  @Test func anotherMachinesAlertsAreForgotten() throws {
    let rules = ["ram.oom_kills_total > 5", "more: ram.oom_kills_total increases"]
    let last = try last(rules) { $0.ram.oomKills = 6 }
    for change in [{ $0.host.hostname = "other" }, { $0.host.isDemo = true }] as [(inout Sample) -> Void] {
      var evaluator = try restarted(rules, after: last)
      let changes = evaluator.evaluate(
        sample(30) {
          $0.ram.oomKills = 8
          change(&$0)
        })
      #expect(changes.map(\.isFiring) == [true] && changes.first?.alert.since == 1_770_000_030)
    }
    var evaluator = try restarted(rules, after: last)
    evaluator.check(sample(1) { $0.host.hostname = "other" })
    #expect(evaluator.alerts.isEmpty, "a sample between those of the interval has none, either")
  }

  @Test(arguments: [(50.0, true), (70, false)])
  func aPendingAlertGoesOnAfterAShortAbsence(absence: Double, goesOn: Bool) throws {
    let rules = ["ram.oom_kills_total > 5 for 40s"]
    let last = try last(rules) { $0.ram.oomKills = 6 }
    #expect(last.alerts.map(\.phase) == [.pending])
    var evaluator = try restarted(rules, after: last)
    let changes = evaluator.evaluate(sample(absence) { $0.ram.oomKills = 6 })
    #expect(changes.map(\.isFiring) == (goesOn ? [true] : []))
    #expect(evaluator.alerts.first?.since == 1_770_000_000 + (goesOn ? 0 : absence))
    var without = try restarted(rules, after: last)
    #expect(without.evaluate(sample(absence)).isEmpty && without.alerts.isEmpty)
  }

  /// A GPU with temperatures of its core and its memory.
  private func gpu(_ celsius: Double, _ memory: Double) -> GPU {
    var gpu = GPU(index: 0, vendor: "nvidia")
    (gpu.temperature, gpu.memoryTemperature) = (celsius, memory)
    return gpu
  }

  @Test func alertsOfARuleWithSeveralMetricsAreNotMixedUp() throws {
    let rules = ["heat: gpus.*temperature_c > 85"]
    let last = try last(rules) { $0.gpus = [gpu(60, 90)] }
    #expect(last.alerts.count == 1)
    var evaluator = try restarted(rules, after: last)
    #expect(evaluator.evaluate(sample(30) { $0.gpus = [gpu(61, 91)] }).isEmpty)
    #expect(evaluator.alerts.map(\.value) == [91] && evaluator.alerts.first?.since == 1_770_000_000)
  }

  /// Earlier versions did not name the metric in the target.
  @Test func anEarlierVersionsAlertsOfSeveralMetricsGoOn() throws {
    let rules = ["heat: gpus.*temperature_c > 85"]
    var last = try last(rules) { $0.gpus = [gpu(90, 95)] }
    #expect(last.alerts.map(\.target) == ["gpus.memory_temperature_c,0", "gpus.temperature_c,0"])
    for index in last.alerts.indices { last.alerts[index].target = "0" }
    var evaluator = try restarted(rules, after: last)
    #expect(evaluator.evaluate(sample(30) { $0.gpus = [gpu(91, 96)] }).isEmpty)
    #expect(evaluator.alerts.map(\.value) == [96, 91] && evaluator.alerts.allSatisfy(\.isSilenced))
    #expect(evaluator.alerts.map(\.target) == ["gpus.memory_temperature_c,0", "gpus.temperature_c,0"])
  }

  @Test func anAlertThatIsStoredTwiceGoesOnOnce() throws {
    let rules = ["busy: processes.top.cpu > 0.2"]
    func process(_ cpu: Double) -> (inout Sample) -> Void {
      { sample in
        var process = AgentMetrics.Process()
        (process.pid, process.name, process.cpu) = (7, "python3", cpu)
        var processes = Processes()
        processes.top = [process]
        sample.processes = processes
      }
    }
    var last = try last(rules, process(0.4))
    #expect(last.alerts.map(\.target) == ["7"])
    last.alerts += last.alerts
    var evaluator = try restarted(rules, after: last)
    for seconds in stride(from: 30.0, through: 120, by: 30) {
      #expect(evaluator.evaluate(sample(seconds, process(0.4))).isEmpty)
      #expect(evaluator.alerts.map(\.value) == [0.4])
    }
  }

  @Test("An alert of any metric that a rule may name goes on after a restart, for each of its series")
  func everyMetricGoesOnAfterARestart() throws {
    var samples = DemoSamples()
    let first = samples.next()
    var next = try #require(first)
    // A simulated machine's alerts are not continued.
    next.host.isDemo = false
    var lists: Set<[String]> = []
    for metric in Catalog.shared.metrics where metric.isSelectable(by: SeriesSelector(metric.id)) {
      var evaluator = AlertEvaluator([try AlertRule("\(metric.id) >= -1e300")])
      let began = evaluator.evaluate(next)
      guard !began.isEmpty else { continue }
      lists.insert(metric.lists)
      evaluator.setSilenced(true)
      var last = next
      last.alerts = evaluator.alerts
      var restarted = AlertEvaluator(evaluator.rules)
      restarted.resume(after: last)
      let following = samples.next()
      next = try #require(following)
      next.host.isDemo = false
      // A process that is new to the list begins an alert of its own.
      let known = Set(began.map(\.alert.target))
      let changes = restarted.evaluate(next).filter { known.contains($0.alert.target) }
      #expect(changes.isEmpty, "\(metric.id): \(changes.first?.alert.summary ?? "")")
      let alerts = restarted.alerts
      #expect(Set(alerts.map(\.target)).count == alerts.count, "\(metric.id): an alert is there twice")
      let continued = alerts.filter { known.contains($0.target) && $0.value.isFinite }
      #expect(!continued.isEmpty && continued.allSatisfy(\.isSilenced), "\(metric.id)")
      #expect(continued.allSatisfy { $0.since == last.timestamp.seconds }, "\(metric.id)")
    }
    let all: [[String]] = [
      [], ["cpu.per_core"], ["gpus"], ["disks"], ["filesystems"], ["networks"], ["temperatures"], ["processes.top"],
      ["workloads.top"],
    ]
    for list in all { #expect(lists.contains(list), "the machine has none of \(list)") }
  }

  @Test func growthDuringARestartFires() throws {
    let rules = ["ram.oom_kills_total increases"]
    let last = try last(rules) { $0.ram.oomKills = 6 }
    var evaluator = try restarted(rules, after: last)
    #expect(evaluator.evaluate(sample(30) { $0.ram.oomKills = 7 }).map(\.isFiring) == [true])
    var rebooted = try restarted(rules, after: last)
    #expect(rebooted.evaluate(sample(30) { $0.ram.oomKills = 0 }).isEmpty)
  }

  @Test func theShippedRulesAreSilentOnAnEmptySample() {
    var evaluator = AlertEvaluator(AlertRule.defaults)
    for tick in 0..<100 { #expect(evaluator.evaluate(sample(Double(tick) * 30)).isEmpty) }
    #expect(evaluator.alerts.isEmpty)
  }
}
