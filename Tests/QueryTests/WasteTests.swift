import AgentMetrics
import Query
import Testing

/// Resources held without use.
@Suite struct WasteTests {
  private struct Held {
    var pid: Int32
    var util = Double.nan
    var vram = Double.nan
    var user: String?
    var service: String?
  }

  private func gpu(_ index: Int, util: Double = .nan, power: Double = .nan, _ held: Held...) -> GPU {
    var gpu = GPU(index: index, vendor: "nvidia")
    (gpu.util, gpu.power) = (util, power)
    gpu.processes = held.map { held in
      var process = GPUProcess(pid: held.pid)
      (process.util, process.vram, process.user, process.service) = (held.util, held.vram, held.user, held.service)
      return process
    }
    return gpu
  }

  private func sample(at time: Double, _ gpus: [GPU] = [], _ workloads: [Workload] = [], elapsed: Double = 10) -> Sample
  {
    var sample = Sample()
    sample.timestamp = Timestamp(seconds: time)
    (sample.elapsed, sample.gpus) = (elapsed, gpus)
    var all = Workloads()
    all.top = workloads
    sample.workloads = all
    return sample
  }

  private func workload(_ name: String, throttled: Float = .nan, total: Double = .nan, user: String? = nil) -> Workload
  {
    var workload = Workload()
    (workload.id, workload.name, workload.kind) = ("service:" + name, name, .service)
    (workload.throttled, workload.throttledTotal, workload.user) = (throttled, total, user)
    return workload
  }

  private func report(_ samples: [Sample], by grouping: WasteGrouping = .workload) -> WasteReport {
    var sum = WasteSum(by: grouping)
    for sample in samples { sum.add(sample) }
    return sum.report(limit: 10)
  }

  @Test func anIdleHolderIsNamedWithItsMemoryAndEnergy() throws {
    let samples = (0..<3).map { index in
      sample(
        at: 100 + Double(index) * 10,
        [
          gpu(0, util: 0.01, power: 80, Held(pid: 1, util: 0.01, vram: 30e9, user: "mira", service: "notebook")),
          gpu(1, util: 0.9, power: 400, Held(pid: 2, util: 0.9, vram: 10e9, user: "tom", service: "train")),
          // In the first sample only.
          index == 0
            ? gpu(2, util: 0.02, power: 60, Held(pid: 1, util: 0.02, vram: 10e9, user: "mira", service: "notebook"))
            : gpu(2, util: 0, power: 50),
        ], [workload("notebook")])
    }
    let report = report(samples)
    #expect(report.samples == 3 && report.covered == 30 && report.gpuTime == 90 && report.gpuIdle == 60)
    // 80 + 400 W for 30 s, 60 W for 10 s and 50 W for 20 s.
    #expect(abs(report.energy - 16_000) < 1e-6 && abs(report.idleEnergy - 4_000) < 1e-6)
    #expect(report.entries.map(\.id) == ["service:notebook", "train"])
    let first = try #require(report.entries.first)
    #expect(first.gpuHeld == 40 && first.gpuIdle == 40 && first.idleShare == 1 && first.gpus == "0,2")
    // 40 GB for 10 s, then 30 GB for 20 s.
    #expect(abs(first.idleMemory - 1_000e9 / 30) < 1 && first.user == "mira")
    #expect(abs(first.energy - 3_000) < 1e-6 && first.idleEnergy == first.energy)
    #expect(report.entries[1].gpuHeld == 30 && report.entries[1].gpuIdle.isNaN)
    #expect(self.report(samples, by: .user).entries.map(\.id) == ["mira", "tom"])
  }

  /// The rule: below 5 %, by process where the driver reports that.
  @Test(arguments: [
    (0.049, 0.9, true), (0.05, 0.01, false), (Double.nan, 0.04, true), (.nan, 0.5, false), (.nan, .nan, false),
  ]) func theRule(process: Double, gpu util: Double, isIdle: Bool) {
    let held = Held(pid: 1, util: process, vram: 1e9, user: "mira", service: "a")
    let entry = report([sample(at: 10, [gpu(0, util: util, held)])]).entries.first
    #expect(entry?.gpuHeld == 10 && (entry?.gpuIdle == 10) == isIdle)
    #expect(WasteReport.rule.contains("less than 5 %") && WasteReport.idleUse == 0.05)
  }

  @Test func processesOfAHolderCountTogether() {
    // Twice 3 % is 6 %.
    let held = [1, 2].map { Held(pid: $0, util: 0.03, vram: 1e9, user: "mira", service: "a") }
    #expect(report([sample(at: 10, [gpu(0, util: 0.06, held[0], held[1])])]).entries.first?.gpuIdle.isNaN == true)
    let outside = report([sample(at: 10, [gpu(0, util: 0, Held(pid: 9, vram: 1))])])
    #expect(outside.entries.map(\.id) == ["(none)"])
    #expect(
      report([sample(at: 10, [gpu(0, util: 0, Held(pid: 9, vram: 1))])], by: .user).entries.map(\.id) == ["(unknown)"])
  }

  @Test func throttlingIsTheCountersGrowthAlsoAcrossGaps() throws {
    let report = report([
      sample(at: 100, [], [workload("a", throttled: 0.5, total: 1_000), workload("b")]),
      sample(at: 110, [], [workload("a", throttled: 0.1, total: 1_004)]),
      // The agent did not run, then the group was made again.
      sample(at: 900, [], [workload("a", throttled: 0.3, total: 1_050)]),
      sample(at: 910, [], [workload("a", throttled: 0.3, total: 2)]),
    ])
    #expect(report.entries.map(\.id) == ["service:a"])
    let entry = try #require(report.entries.first)
    #expect(entry.throttled == 52 && abs(entry.throttledShare - 0.3) < 1e-6)
    #expect(report.gpuTime.isNaN)
  }

  /// The first sample's growth comes from the last sample before the window, and a new workload's from 0.
  @Test func throttlingOfTheFirstSampleCounts() {
    func report(from start: Double, isWhole: Bool = true) -> WasteReport {
      var sum = WasteSum(by: .workload, in: SampleWindow(from: start))
      for (time, total) in [(100.0, 1_000.0), (110, 1_004), (120, 1_005)] {
        let late = time > 100 ? [workload("new", throttled: 0.5, total: total - 1_000)] : []
        var sample = sample(at: time, [], [workload("a", throttled: 0.5, total: total)] + late)
        if !isWhole { sample.workloads?.rest = WorkloadRest() }
        sum.add(sample)
      }
      return sum.report(limit: 10)
    }
    // Half of the first interval is within the window.
    let whole = report(from: 105)
    #expect(whole.samples == 2 && whole.from == 105 && whole.covered == 15)
    #expect(whole.entries.map(\.id) == ["service:a", "service:new"] && whole.entries.map(\.throttled) == [3, 3])
    // One that is not listed may have begun long before.
    #expect(report(from: 105, isWhole: false).entries.map(\.throttled) == [3, 1])
    #expect(report(from: 100).entries.map(\.throttled) == [5, 5])
    #expect(report(from: 110).entries.map(\.throttled) == [1, 1])
    // Without an earlier sample the growth of the first is unknown.
    #expect(report(from: 0).entries.map(\.throttled) == [5, 5])
  }

  @Test func windowsSideBySideAddUp() {
    func report(_ window: SampleWindow) -> WasteReport {
      var sum = WasteSum(by: .workload, in: window)
      for index in 0..<6 {
        let held = Held(pid: 1, util: 0.01, vram: 1e9, user: "mira", service: "a")
        let throttled = workload("a", throttled: 0.5, total: Double(index * index))
        sum.add(sample(at: 100 + Double(index) * 10, [gpu(0, util: 0.01, power: 80, held)], [throttled]))
      }
      return sum.report(limit: 10)
    }
    let whole = report(SampleWindow(from: 100, to: 150))
    #expect(whole.samples == 5 && whole.covered == 50 && whole.entries.map(\.throttled) == [25])
    for cut in [110.0, 123, 139.5] {
      let parts = [report(SampleWindow(from: 100, to: cut)), report(SampleWindow(from: cut, to: 150))]
      #expect(parts[0].to == cut && parts[1].from == cut)
      for path in [\Waste.throttled, \.gpuIdle, \.energy] {
        let sum = parts.reduce(0) { $0 + ($1.entries.first?[keyPath: path] ?? 0) }
        #expect(abs(sum - (whole.entries.first?[keyPath: path] ?? 0)) < 1e-9, "\(cut): \(sum)")
      }
    }
  }

  /// The counter of a limit that was found after it was set has grown before.
  @Test func aCounterThatAppearsLateIsTheBase() {
    let report = report([
      sample(at: 100, [], [workload("a")]), sample(at: 110, [], [workload("a", total: 16)]),
      sample(at: 120, [], [workload("a", total: 17.5), workload("new", total: 2)]),
    ])
    #expect(report.entries.map(\.id) == ["service:new", "service:a"] && report.entries.map(\.throttled) == [2, 1.5])
  }

  @Test func theNumberOfEntriesIsBounded() {
    var sum = WasteSum(by: .workload)
    for index in 0..<210 {
      sum.add(
        sample(
          at: Double(index * 10),
          (0..<100).map { gpu(0, util: 0, Held(pid: 1, util: 0, vram: 1, service: "w\(index)-\($0)")) }))
    }
    let report = sum.report(limit: 100_000)
    #expect(report.entries.count == 20_001)
    #expect(report.entries.reduce(0) { $0 + $1.gpuIdle } == 210_000 && report.entries.first?.id == "(other)")
  }
}
