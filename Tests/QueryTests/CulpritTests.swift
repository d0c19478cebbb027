import AgentMetrics
import Query
import Testing

@Suite struct CulpritTests {
  /// A sample with workloads, ten seconds after the one before.
  private func sample(
    at time: Double, elapsed: Double = 10, _ workloads: [(id: String, rate: Double, total: Double)] = [],
    processes: [(pid: Int32, cpu: Double, user: String)] = []
  ) -> Sample {
    var sample = Sample()
    sample.timestamp = Timestamp(seconds: time)
    sample.elapsed = elapsed
    sample.cpu.usage = 0.5
    sample.cpu.threads = 4
    var all = Workloads()
    all.top = workloads.map { made in
      var workload = Workload()
      (workload.id, workload.name, workload.kind) = (made.id, made.id, .service)
      (workload.cpu, workload.cpuTotal) = (made.rate, made.total)
      workload.memory = 100
      workload.user = made.id == "b" ? "mira" : "root"
      return workload
    }
    sample.workloads = all
    var list = Processes()
    list.top = processes.map { made in
      var process = Process()
      (process.pid, process.cpu, process.user) = (made.pid, made.cpu, made.user)
      (process.name, process.resident) = ("p\(made.pid)", 1_000 * Double(made.pid))
      return process
    }
    sample.processes = list
    return sample
  }

  private func seconds(_ ranking: CulpritRanking) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: ranking.culprits.map { ($0.id, $0.cpu) })
  }

  @Test func countersAreExactAcrossGaps() {
    var sum = CulpritSum(by: .workload)
    sum.add(sample(at: 100, [("a", 0.5, 1_000), ("b", 1, 50)]))
    // The agent did not run for an hour.
    sum.add(sample(at: 3_700, [("a", 0.1, 1_200), ("b", 1, 60)]))
    let ranking = sum.ranking(of: .cpu, limit: 10)
    // 0.5 × 10 s before the first counter, then the growth.
    #expect(seconds(ranking) == ["a": 205, "b": 20])
    #expect(ranking.culprits.map(\.id) == ["a", "b"] && ranking.samples == 2)
    #expect(ranking.from == 90 && ranking.to == 3_700 && ranking.covered == 20)
    // The machine's own time is that of the samples, in which the two used 6 and 20 seconds.
    #expect(ranking.total == 40 && abs(ranking.attributed - 26) < 1e-9)
    #expect(abs(ranking.unattributedShare - 0.35) < 1e-9)
    #expect(ranking.culprits[0].memoryMean == 100 && ranking.culprits[0].memoryPeak == 100)
  }

  /// A workload that is read at every sixth of 1-s samples, from the sample at time 100 to that at 123.
  private func rarelyRead(offset: Int, by grouping: CulpritGrouping = .workload, used: (Double) -> Double) -> Double? {
    var sum = CulpritSum(by: grouping)
    for time in 100..<124 {
      let age = Double((time + offset) % 6)
      let instant = Double(time) - age
      var sample = sample(at: Double(time), elapsed: 1, [("a", (used(instant) - used(instant - 6)) / 6, used(instant))])
      sample.agent.sources = [SourceReading(name: "workloads", duration: 0.03, success: true, age: age)]
      sum.add(sample)
    }
    return sum.ranking(of: .cpu, limit: 1).culprits.first?.cpu
  }

  @Test func ageOfReadingsDoesNotMoveTheWindow() throws {
    for offset in 0..<6 {
      let steady = try #require(rarelyRead(offset: offset) { 2 * ($0 - 50) })
      #expect(abs(steady - 48) < 1e-9, "\(offset): \(steady)")
      let ofUser = try #require(rarelyRead(offset: offset, by: .user) { 2 * ($0 - 50) })
      #expect(abs(ofUser - 48) < 1e-9)
      // Work from 106 to 111, before the last two readings and after the first two.
      let work = try #require(rarelyRead(offset: offset) { min(max($0 - 106, 0), 5) })
      #expect(abs(work - 5) < 1e-9, "\(offset): \(work)")
      // Work that begins two seconds before the window ends is off by the age times the change of the rate at most.
      let late = rarelyRead(offset: offset) { max($0 - 121, 0) } ?? 0
      #expect(late >= 0 && abs(late - 2) <= 5, "\(offset): \(late)")
    }
  }

  @Test func aGroupThatIsMadeAgainCountsFromItsStart() {
    var sum = CulpritSum(by: .workload)
    sum.add(sample(at: 100, [("a", 0.5, 1_000)]))
    sum.add(sample(at: 110, [("a", 0.2, 2)]))
    sum.add(sample(at: 120, [("a", 0.3, 5)]))
    #expect(seconds(sum.ranking(of: .cpu, limit: 10)) == ["a": 10])
  }

  /// Counters go on while the agent does not run, the machine's total does not.
  @Test(arguments: [CulpritGrouping.workload, .user]) func sharesAreOfTheTimeWithSamples(_ grouping: CulpritGrouping) {
    var sum = CulpritSum(by: grouping)
    sum.add(sample(at: 100, [("a", 0.5, 1_000), ("b", 1, 500)]))
    sum.add(sample(at: 110, [("a", 0.5, 1_005), ("b", 1, 510)]))
    // 80 of 90 seconds without samples: 40 of the 45 CPU seconds since.
    sum.add(sample(at: 200, [("a", 0.5, 1_050), ("b", 1, 600)]))
    let ranking = sum.ranking(of: .cpu, limit: 10)
    #expect(ranking.culprits.reduce(0) { $0 + $1.cpu } == 165 && ranking.total == 60)
    #expect(abs(ranking.attributed - 45) < 1e-9 && abs(ranking.unattributedShare - 0.25) < 1e-9)
    #expect(abs(ranking.culprits.reduce(0) { $0 + $1.share } - 0.75) < 1e-9)
  }

  @Test func whatIsNotAttributedIsSaid() {
    var sum = CulpritSum(by: .process)
    sum.add(sample(at: 100, processes: [(1, 1, "mira"), (2, 0.25, "root")]))
    sum.add(sample(at: 110, processes: [(1, 0.75, "mira")]))
    let ranking = sum.ranking(of: .cpu, limit: 1)
    #expect(ranking.culprits.map(\.name) == ["p1"] && ranking.culprits[0].cpu == 17.5)
    #expect(ranking.total == 40 && ranking.attributed == 20 && ranking.unattributedShare == 0.5)
    #expect(ranking.culprits[0].share == 17.5 / 40)
    let memory = sum.ranking(of: .memory, limit: 10)
    #expect(memory.culprits.map(\.id) == ["1@nan", "2@nan"].sorted { $0 > $1 } || memory.culprits.count == 2)
    #expect(memory.culprits.first { $0.pid == 2 }?.memoryMean == 1_000)
  }

  @Test func usersAreThoseOfWorkloadsAndOfProcessesOutsideOfThem() {
    var sum = CulpritSum(by: .user)
    var outside = sample(at: 100, [("a", 0.5, 5), ("b", 0.25, 5)], processes: [(1, 0.1, "mira"), (2, 0.4, "root")])
    outside.processes?.top[1].workload = "a"
    sum.add(outside)
    #expect(seconds(sum.ranking(of: .cpu, limit: 10)) == ["root": 5, "mira": 3.5])
  }

  @Test func gpusAndTheirEnergyAreShared() {
    var sum = CulpritSum(by: .process)
    var made = sample(at: 100, processes: [(1, 0.1, "mira")])
    var gpu = GPU(index: 3, vendor: "nvidia")
    (gpu.util, gpu.power) = (0.8, 400)
    gpu.processes = [(Int32(1), 0.6), (2, 0.2)].map { pid, util in
      var process = GPUProcess(pid: pid)
      process.util = util
      return process
    }
    made.gpus = [gpu]
    sum.add(made)
    let time = sum.ranking(of: .gpu, limit: 10)
    #expect(time.total == 8 && time.culprits.map(\.pid) == [1, 2] && time.culprits[0].gpu == 6)
    #expect(time.culprits[0].gpus == "3")
    let energy = sum.ranking(of: .energy, limit: 10)
    #expect(
      abs(energy.total - 4_000) < 1e-6 && abs(energy.culprits[0].energy - 3_000) < 1e-6 && energy.unit == "joules")
  }

  @Test func theNumberOfEntriesIsBounded() {
    var sum = CulpritSum(by: .workload)
    for index in 0..<300 {
      sum.add(sample(at: Double(index * 10), (0..<100).map { ("w\(index)-\($0)", 0.01, 1) }))
    }
    let ranking = sum.ranking(of: .cpu, limit: 1_000)
    #expect(ranking.culprits.count == 1_000)
    // What was merged is still attributed.
    #expect(abs(ranking.attributed - 3_000) < 1)
  }
}
