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

  @Test func countersCountAcrossGaps() {
    var sum = CulpritSum(by: .workload)
    sum.add(sample(at: 100, [("a", 0.5, 1_000), ("b", 1, 50)]))
    // The agent did not run for an hour.
    sum.add(sample(at: 3_700, [("a", 0.1, 1_200), ("b", 1, 60)]))
    let ranking = sum.ranking(of: .cpu, limit: 10)
    // Of the machine's use only that of 20 seconds is known; 199 of a's 200 seconds of growth are of the hour.
    #expect(seconds(ranking) == ["a": 205, "b": 20])
    #expect(ranking.culprits.map(\.id) == ["a", "b"] && ranking.samples == 2)
    #expect(ranking.culprits.map(\.missedCPU) == [199, 0])
    #expect(ranking.from == 90 && ranking.to == 3_700 && ranking.covered == 20)
    #expect(ranking.total == 239 && abs(ranking.attributed - 225) < 1e-9)
    #expect(abs(ranking.unattributedShare - 14.0 / 239) < 1e-9)
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

  /// A workload that is made between two readings has all of its use, though its rate is repeated or comes late.
  @Test(arguments: [CulpritGrouping.workload, .user])
  func beginningsOfRarelyReadWorkloads(_ grouping: CulpritGrouping) {
    for offset in 0..<6 {
      var sum = CulpritSum(by: grouping)
      for time in 100..<136 {
        let age = Double((time + offset) % 6)
        let instant = Double(time) - age
        // At work from 112 to 122, and gone ten seconds later.
        func used(_ instant: Double) -> Double { min(max(instant - 112, 0), 10) }
        let isListed = instant > 112 && instant < 132
        let rate = (used(instant) - used(instant - 6)) / 6
        var sample = sample(at: Double(time), elapsed: 1, isListed ? [("a", rate, used(instant))] : [])
        sample.agent.sources = [SourceReading(name: "workloads", duration: 0.03, success: true, age: age)]
        sum.add(sample)
      }
      let cpu = sum.ranking(of: .cpu, limit: 1).culprits.first?.cpu ?? 0
      #expect(abs(cpu - 10) < 1e-9, "\(offset): \(cpu)")
    }
  }

  @Test func aGroupThatIsMadeAgainCountsFromItsStart() {
    var sum = CulpritSum(by: .workload)
    sum.add(sample(at: 100, [("a", 0.5, 1_000)]))
    sum.add(sample(at: 110, [("a", 0.2, 2)]))
    sum.add(sample(at: 120, [("a", 0.3, 5)]))
    #expect(seconds(sum.ranking(of: .cpu, limit: 10)) == ["a": 10])
  }

  /// Counters go on while the agent does not run, and the total with them.
  @Test(arguments: [CulpritGrouping.workload, .user]) func sharesAreOfWhatIsKnown(_ grouping: CulpritGrouping) {
    var sum = CulpritSum(by: grouping)
    sum.add(sample(at: 100, [("a", 0.5, 1_000), ("b", 1, 500)]))
    sum.add(sample(at: 110, [("a", 0.5, 1_005), ("b", 1, 510)]))
    // 80 of 90 seconds without samples: 40 of the 45 CPU seconds since.
    sum.add(sample(at: 200, [("a", 0.5, 1_050), ("b", 1, 600)]))
    let ranking = sum.ranking(of: .cpu, limit: 10)
    #expect(abs(ranking.culprits.reduce(0) { $0 + $1.cpu } - 165) < 1e-9 && abs(ranking.total - 180) < 1e-9)
    #expect(abs(ranking.culprits.reduce(0) { $0 + $1.missedCPU } - 120) < 1e-9)
    #expect(abs(ranking.attributed - 165) < 1e-9 && abs(ranking.unattributedShare - 15.0 / 180) < 1e-9)
    #expect(abs(ranking.culprits.reduce(0) { $0 + $1.share } - 165.0 / 180) < 1e-9)
  }

  /// A window has the samples after its start up to its end.
  @Test(arguments: CulpritGrouping.allCases) func windowsSideBySideAddUp(_ grouping: CulpritGrouping) {
    func ranking(_ start: Double, _ end: Double) -> CulpritRanking {
      var sum = CulpritSum(by: grouping, in: SampleWindow(from: start, to: end))
      for index in 0..<6 {
        let rate = 0.1 * Double(2 * index - 1)
        // Its clock is not that of the times.
        var sample = sample(
          at: 100 + Double(index) * 10, elapsed: 10.000_007, [("a", rate, Double(index * index))],
          processes: [(1, rate, "mira")])
        sample.cpu.usage = 0.1 * Double(index)
        sum.add(sample)
      }
      return sum.ranking(of: .cpu, limit: 10)
    }
    let whole = ranking(100, 150)
    #expect(whole.from == 100 && whole.to == 150 && whole.samples == 5 && abs(whole.total - 60) < 1e-3)
    #expect(abs(whole.attributed - (grouping == .user ? 50 : 25)) < 1e-3)
    for cut in [110.0, 123, 139.5] {
      let (left, right) = (ranking(100, cut), ranking(cut, 150))
      #expect(left.to == cut && right.from == cut)
      #expect(abs(left.covered + right.covered - whole.covered) < 1e-9)
      #expect(abs(left.total + right.total - whole.total) < 1e-9)
      #expect(abs(left.attributed + right.attributed - whole.attributed) < 1e-9, "\(cut)")
    }
    // Between two samples.
    let inside = ranking(123, 127)
    #expect(inside.samples == 1 && inside.from == 123 && inside.to == 127 && abs(inside.covered - 4) < 1e-5)
    #expect(abs(inside.attributed - (grouping == .user ? 4 : 2)) < 1e-5)
    #expect(ranking(110, 110).samples == 1 && ranking(150, 160).samples == 0)
  }

  /// Neither sample beside the time in which the agent did not run is in the window.
  @Test func windowsThatEndWithoutSamplesAddUp() {
    func ranking(_ start: Double, _ end: Double) -> CulpritRanking {
      var sum = CulpritSum(by: .workload, in: SampleWindow(from: start, to: end))
      for (time, total) in [(100.0, 0.0), (110, 10), (210, 60)] { sum.add(sample(at: time, [("a", 1, total)])) }
      return sum.ranking(of: .cpu, limit: 10)
    }
    let (left, right) = (ranking(100, 160), ranking(160, 210))
    #expect(left.samples == 1 && left.to == 110 && right.samples == 1 && right.from == 200)
    #expect(left.attributed == 35 && right.attributed == 25)
    #expect(left.culprits.map(\.missedCPU) == [25] && left.total == 45)
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

  /// A workload's use is its processes' users', the rest its owner's.
  @Test func usersAreThoseOfProcesses() {
    func users(_ of: [(pid: Int32, cpu: Double, user: String)], in workload: String) -> CulpritRanking {
      var sum = CulpritSum(by: .user)
      for time in [100.0, 110] {
        var sample = sample(at: time, [("a", 0.5, time / 2), ("b", 0.25, time / 4)], processes: of)
        for index in of.indices where of[index].pid > 1 { sample.processes?.top[index].workload = workload }
        sum.add(sample)
      }
      return sum.ranking(of: .cpu, limit: 10)
    }
    // a is root's, b mira's; process 1 is outside of both.
    #expect(seconds(users([(1, 0.1, "mira"), (2, 0.4, "root")], in: "a")) == ["root": 10, "mira": 7])
    let mixed = users([(1, 0.1, "mira"), (2, 0.125, "daemon"), (3, 0.125, "www")], in: "a")
    #expect(seconds(mixed) == ["root": 5, "daemon": 2.5, "www": 2.5, "mira": 7])
    // All processes that were seen are daemon's: so is the rest, whoever owns the group.
    let hog = users([(2, 0.125, "daemon"), (3, 0.125, "daemon")], in: "a")
    #expect(seconds(hog) == ["daemon": 10, "mira": 5])
    // Ticks are rounded: the group's counter bounds them.
    let rounded = users([(2, 0.5, "daemon"), (3, 0.5, "www")], in: "a")
    #expect(seconds(rounded) == ["daemon": 5, "www": 5, "mira": 5])
    #expect(rounded.attributed == 15 && rounded.total == 40)
    // Not listed, so that only its processes are known.
    #expect(seconds(users([(2, 0.5, "daemon")], in: "c")) == ["daemon": 10, "root": 10, "mira": 5])
  }

  /// Ended processes whose workload is unknown are their users' only as far as no workload has their use.
  @Test func endedProcessesOfUnknownWorkloadsCountOnce() {
    func users(unattributed: Double) -> [String: Double] {
      var sum = CulpritSum(by: .user)
      for time in [100.0, 110] {
        var sample = sample(at: time, [("a", 0.5, time / 2)], processes: [(1, 0.1, "mira")])
        sample.cpu.usage = (0.5 + unattributed) / 4
        sample.processes?.ended = ["www", "daemon"].map { user in
          var ended = EndedProcesses()
          (ended.name, ended.user, ended.cpu) = ("cc1", user, 0.2)
          return ended
        }
        sum.add(sample)
      }
      return seconds(sum.ranking(of: .cpu, limit: 10)).mapValues { ($0 * 1e6).rounded() / 1e6 }
    }
    #expect(users(unattributed: 0.6) == ["root": 10, "mira": 2, "www": 4, "daemon": 4])
    #expect(users(unattributed: 0.3) == ["root": 10, "mira": 2, "www": 2, "daemon": 2])
    #expect(users(unattributed: .nan) == ["root": 10, "mira": 2, "www": 4, "daemon": 4])
  }

  /// What the counters of rarely read workloads have shows at their next reading.
  @Test func endedProcessesWaitForTheNextReadingOfTheWorkloads() {
    var sum = CulpritSum(by: .user)
    for time in 100...120 {
      let age = Double(time % 5)
      let instant = Double(time) - age
      // Idle up to 105; then one CPU of "a", by processes of www that end before they are seen in it.
      var sample = sample(
        at: Double(time), elapsed: 1, [("a", instant > 105 ? 1 : 0, max(0, instant - 105))],
        processes: [(1, 0.1, "mira")])
      var ended = EndedProcesses()
      (ended.name, ended.user, ended.cpu) = ("cc1", "www", time > 105 ? 1 : 0)
      sample.processes?.ended = [ended]
      sample.cpu.usage = (time > 105 ? 1.1 : 0.1) / 4
      sample.agent.sources = [SourceReading(name: "workloads", duration: 0.03, success: true, age: age)]
      sum.add(sample)
    }
    let all = seconds(sum.ranking(of: .cpu, limit: 10)).mapValues { ($0 * 1e6).rounded() / 1e6 }
    #expect(all == ["root": 15, "mira": 2.1])
  }

  @Test func memoryOfUsersIsThatOfTheirProcesses() {
    var sum = CulpritSum(by: .user)
    var sample = sample(at: 100, [("a", 0.5, 5)], processes: [(2, 0, "daemon"), (3, 0, "www")])
    for index in 0..<2 {
      sample.processes?.top[index].workload = "a"
      sample.processes?.top[index].resident = 30
    }
    sum.add(sample)
    let means = sum.ranking(of: .memory, limit: 10).culprits.map { [$0.id: $0.memoryMean] }
    #expect(means == [["root": 40], ["daemon": 30], ["www": 30]])
  }

  /// Between two readings of the workloads, the processes' use waits for the group's counter.
  @Test func usersOfRarelyReadWorkloads() {
    var sum = CulpritSum(by: .user)
    for time in 100..<124 {
      let age = Double(time % 6)
      let instant = Double(time) - age
      var sample = sample(
        at: Double(time), elapsed: 1, [("a", 1, instant)], processes: [(2, 0.5, "daemon"), (3, 0.25, "www")])
      for index in 0..<2 { sample.processes?.top[index].workload = "a" }
      sample.agent.sources = [SourceReading(name: "workloads", duration: 0.03, success: true, age: age)]
      sum.add(sample)
    }
    let all = seconds(sum.ranking(of: .cpu, limit: 10))
    #expect(abs(all.values.reduce(0, +) - 24) < 1e-9)
    #expect(abs((all["daemon"] ?? 0) - 12) < 2 && abs((all["www"] ?? 0) - 6) < 1 && abs((all["root"] ?? 0) - 6) < 3)
  }

  /// A group whose first sample is also its last.
  @Test func killsAndPeakOfAWorkloadThatBeganInTheWindow() {
    func killed(total: Double) -> Culprit? {
      var sum = CulpritSum(by: .workload)
      sum.add(sample(at: 100))
      var death = sample(at: 110, [("a", 0.5, total)])
      death.workloads?.top[0].oomKills = 1
      death.workloads?.top[0].memoryPeak = 900
      sum.add(death)
      return sum.ranking(of: .cpu, limit: 1).culprits.first
    }
    #expect(killed(total: 5)?.oomKills == 1 && killed(total: 5)?.memoryPeak == 900)
    // Of an old one, kills and peak may be of last year.
    #expect(killed(total: 500)?.oomKills.isNaN == true && killed(total: 500)?.memoryPeak == 100)
  }

  @Test func idsOfProcessesHaveTheirStartInHundredths() {
    var sum = CulpritSum(by: .process)
    var one = sample(at: 100, processes: [(16_522, 0.5, "root")])
    one.processes?.top[0].start = 6_245_895 * 0.01
    sum.add(one)
    #expect(sum.ranking(of: .cpu, limit: 1).culprits.map(\.id) == ["16522@62458.95"])
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

  /// Shares are of all that is attributed where the machine's own values are less, as those of disks that write later.
  @Test(arguments: CulpritGrouping.allCases, CulpritMeasure.allCases)
  func sharesAreAtMostOne(_ grouping: CulpritGrouping, _ measure: CulpritMeasure) {
    var made = sample(at: 100, [("a", 3, 30), ("b", 1, 10)], processes: [(1, 3, "mira"), (2, 1, "root")])
    made.cpu.usage = 0.01
    (made.ram.total, made.ram.free) = (200, 100)
    var disk = Disk()
    (disk.readRate, disk.writeRate) = (0, 1)
    made.disk = disk
    for (index, rate) in [30.0, 10].enumerated() {
      made.workloads?.top[index].writeRate = rate
      made.workloads?.top[index].memory = 300
      made.workloads?.top[index].gpu = index == 0 ? 0.9 : 0.8
      made.workloads?.top[index].gpuPower = 400
      made.processes?.top[index].writeRate = rate
      made.processes?.top[index].workload = made.workloads?.top[index].id
    }
    var gpu = GPU(index: 0, vendor: "nvidia")
    (gpu.util, gpu.power) = (0.5, 100)
    gpu.processes = [(Int32(1), 0.9), (2, 0.8)].map { pid, util in
      var process = GPUProcess(pid: pid)
      process.util = util
      return process
    }
    made.gpus = [gpu]
    var sum = CulpritSum(by: grouping)
    sum.add(made)
    let ranking = sum.ranking(of: measure, limit: 10)
    let shares = ranking.culprits.map(\.share)
    #expect(shares.count == 2 && shares.allSatisfy { $0 > 0 && $0 <= 1 } && shares.reduce(0, +) < 1 + 1e-9)
    if measure == .io {
      #expect(ranking.total == 10 && ranking.attributed == 400 && shares == [0.75, 0.25])
      #expect(ranking.remark?.contains("disks write") == true && ranking.unattributedShare == 0)
    }
    made.disk?.writeRate = 400
    var enough = CulpritSum(by: grouping)
    enough.add(made)
    let covered = enough.ranking(of: .io, limit: 1)
    #expect(covered.remark == nil && covered.culprits.map(\.share) == [300.0 / 4_000])
  }

  @Test func theNumberOfEntriesIsBounded() {
    var sum = CulpritSum(by: .workload)
    for index in 0..<300 {
      sum.add(sample(at: Double(index * 10), (0..<100).map { ("w\(index)-\($0)", 0.01, 1) }))
    }
    let ranking = sum.ranking(of: .cpu, limit: 1_000)
    #expect(ranking.culprits.count == 1_000 && ranking.moreCulprits > 0)
    #expect(sum.ranking(of: .cpu, limit: .max).moreCulprits.isNaN)
    // What was merged is still attributed.
    #expect(abs(ranking.attributed - 3_000) < 1)
  }
}
