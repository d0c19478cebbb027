import AgentMetrics
import Testing

/// The partition: the workloads, the rest and what is outside of all are the machine.
@Suite struct WorkloadsTests {
  private static let second: UInt64 = 1_000_000

  private func reading(
    at time: Double, busy: UInt64, idle: UInt64, workloads: [(id: String, cpu: UInt64)],
    processes: [(pid: Int32, ticks: UInt64, workload: String?)] = []
  ) -> Reading {
    var reading = Reading()
    (reading.monotonic, reading.boottime) = (time, time)
    reading.cpu.total.user = busy
    reading.cpu.total.idle = idle
    reading.cpu.cores = (0..<2).map { CPUReading.CoreReading(cpu: $0, time: CPUTime()) }
    var all = WorkloadsReading()
    all.instant = time
    all.all = workloads.enumerated().map { index, workload in
      let names = WorkloadNames(kind: .service, id: workload.id, name: workload.id, path: "/" + workload.id)
      var reading = WorkloadReading(names: names, serial: index + 1)
      reading.cpu = workload.cpu
      return reading
    }
    reading.workloads = all
    var scan = ProcessesReading()
    scan.instant = time
    scan.all = processes.map { made in
      var process = ProcessReading(pid: made.pid)
      process.cpuTicks = made.ticks
      process.workload = made.workload
      return process
    }
    reading.processes = scan
    return reading
  }

  @Test func workloadsAndTheRestAreTheMachine() throws {
    let before = reading(at: 0, busy: 0, idle: 0, workloads: (0..<60).map { ("w\($0)", 0) })
    // 60 workloads use 0.01 to 0.6 s of 10 s each, 18.3 s together; the machine is busy for 19 s of 20.
    let after = reading(
      at: 10, busy: 1_900, idle: 100, workloads: (0..<60).map { ("w\($0)", UInt64($0 + 1) * Self.second / 100) })
    let workloads = try #require(Sample(from: before, to: after).workloads)
    #expect(workloads.total == 60 && workloads.active == 60)
    #expect(workloads.top.count == Workloads.topCount && workloads.top.first?.id == "w59")
    #expect(workloads.rest?.count == 44)
    let top = workloads.top.reduce(0) { $0 + $1.cpu }
    let sum = top + (workloads.rest?.cpu ?? 0) + workloads.unattributedCPU
    #expect(abs(sum - 1.9) < 1e-9 && abs(top + (workloads.rest?.cpu ?? 0) - 1.83) < 1e-9)
  }

  @Test func endedProcessesAreWhatTheGroupHasAndItsProcessesHaveNot() throws {
    let before = reading(
      at: 0, busy: 0, idle: 0, workloads: [("make", 0), ("idle", 0)], processes: [(1, 100, "make"), (2, 5, nil)])
    let after = reading(
      at: 10, busy: 1_000, idle: 1_000, workloads: [("make", 9 * Self.second), ("idle", 5_000)],
      processes: [(1, 150, "make"), (2, 6, nil)])
    let workloads = try #require(Sample(from: before, to: after).workloads)
    let make = try #require(workloads.top.first)
    #expect(make.id == "make" && make.cpu == 0.9 && abs(Double(make.endedCPU) - 0.85) < 1e-6)
    // Half a tick is within the precision of the processes' times.
    #expect(workloads.top.last?.endedCPU == 0)
    #expect(abs(workloads.unattributedCPU - 0.0995) < 1e-9)
  }

  /// Ended processes whose workload is an ancestor's, in milliseconds of CPU time of a second.
  private func ended(
    _ exits: [(name: String, user: String, workload: String?, cpu: UInt64, guessed: UInt64)],
    among workloads: [(id: String, cpu: UInt64?, isNew: Bool)],
    processes: [(pid: Int32, ticks: UInt64, workload: String?)], busy: UInt64 = 200
  ) throws -> [String: Int] {
    var before = reading(at: 0, busy: 0, idle: 0, workloads: [])
    before.processes?.ended = []
    var after = reading(at: 1, busy: busy, idle: 200 - busy, workloads: [], processes: processes)
    for (index, made) in workloads.enumerated() {
      let names = WorkloadNames(kind: .service, id: made.id, name: made.id, path: "/" + made.id)
      var workload = WorkloadReading(names: names, serial: index + 1)
      workload.cpu = 0
      if !made.isNew { before.workloads?.all.append(workload) }
      workload.cpu = made.cpu.map { $0 * 1_000 }
      (workload.isNew, workload.hasEnded) = (made.isNew, made.isNew)
      after.workloads?.all.append(workload)
    }
    after.processes?.ended = exits.enumerated().map { index, exit in
      var reading = EndedReading(serial: index, name: exit.name, user: exit.user, workload: exit.workload)
      (reading.count, reading.cpu, reading.guessed) = (1, exit.cpu * 1_000, exit.guessed * 1_000)
      return reading
    }
    let list = try #require(Sample(from: before, to: after).processes?.ended)
    #expect(list.reduce(0) { $0 + $1.count } == Double(exits.count))
    return Dictionary(
      uniqueKeysWithValues: list.map { ended in
        ([ended.name, ended.user, ended.workload ?? "none"].joined(separator: " "), Int((ended.cpu * 1_000).rounded()))
      })
  }

  @Test func endedProcessesAreNotTheirAncestorsBeyondItsCounter() throws {
    // A manager that used 60 ms, of which 50 are of its process, and started one in another group.
    let manager: (String, UInt64?, Bool) = ("manager", 60, false)
    let process: [(Int32, UInt64, String?)] = [(1, 5, "manager")]
    #expect(
      try ended(
        [("sh", "ann", "manager", 5, 5), ("cc1", "ann", "manager", 700, 700)],
        among: [manager, ("scope", 702, true)], processes: process)
        == ["sh ann manager": 5, "cc1 ann manager": 5, "cc1 ann scope": 695])
    // Without a group that came or went: another's whose use is unexplained, as of `docker exec`.
    #expect(
      try ended([("cc1", "ann", "manager", 700, 700)], among: [manager, ("other", 900, false)], processes: process)
        == ["cc1 ann manager": 10, "cc1 ann other": 690])
    #expect(
      try ended(
        [("cc1", "ann", "manager", 700, 700)], among: [manager, ("other", 900, false)],
        processes: process + [(2, 90, "other")])
        == ["cc1 ann manager": 10, "cc1 ann none": 690])
    // A scan has seen it there, before it moved, or between the readings of the two.
    #expect(
      try ended([("cc1", "ann", "manager", 700, 0)], among: [manager, ("scope", 702, true)], processes: process)
        == ["cc1 ann manager": 10, "cc1 ann scope": 690])
    #expect(
      try ended([("cc1", "ann", "manager", 700, 0)], among: [manager], processes: process) == ["cc1 ann manager": 700])
    // The clocks of readings differ.
    #expect(
      try ended([("cc1", "ann", "make", 1_100, 1_100)], among: [("make", 1_000, false)], processes: [])
        == ["cc1 ann make": 1_100])
    // Within the precision of ticks.
    #expect(
      try ended([("cc1", "ann", "manager", 18, 18)], among: [manager, ("scope", 702, true)], processes: process)
        == ["cc1 ann manager": 18])
    // A group without a counter has what no other has room for.
    #expect(
      try ended(
        [("cc1", "ann", "shell", 700, 700)], among: [("shell", nil, false), ("scope", 600, true)], processes: [])
        == ["cc1 ann scope": 600, "cc1 ann shell": 100])
    // Others come first.
    #expect(
      try ended(
        [("make", "ann", "shell", 700, 700), ("cc1", "ann", "manager", 600, 600)],
        among: [("manager", 0, false), ("scope", 600, true), ("shell", nil, false)], processes: [])
        == ["cc1 ann scope": 600, "make ann shell": 700])
    // What the counters leave of the machine's time bounds it: the launcher moved what it started.
    #expect(
      try ended(
        [("cc1", "ann", "shell", 700, 700)], among: [("shell", nil, false), ("service", 702, false)], processes: [],
        busy: 72)
        == ["cc1 ann service": 668, "cc1 ann shell": 32])
  }

  @Test func workloadsThatHaveEndedAreListedWithTheirLastUse() throws {
    var before = reading(at: 0, busy: 0, idle: 0, workloads: [("a", 0), ("b", 1_000)])
    var after = reading(at: 1, busy: 100, idle: 100, workloads: [("a", 500_000), ("b", 201_000)])
    after.workloads?.all[1].hasEnded = true
    let last = try #require(Sample(from: before, to: after).workloads)
    #expect(last.top.map { ($0.cpu * 10).rounded() } == [5, 2] && last.total == 2)
    (before, after) = (after, reading(at: 2, busy: 200, idle: 200, workloads: [("a", 600_000), ("b", 201_000)]))
    after.workloads?.all[1].hasEnded = true
    let next = try #require(Sample(from: before, to: after).workloads)
    #expect(next.top.map(\.id) == ["a"] && next.total == 1)
  }

  @Test func gpusAreJoinedByTheirProcesses() throws {
    var after = reading(
      at: 10, busy: 1, idle: 1, workloads: [("a", 1), ("b", 1)], processes: [(1, 1, "a"), (2, 1, "b")])
    var gpu = GPU(index: 0, vendor: "nvidia")
    gpu.power = 300
    gpu.processes = [(Int32(1), 0.6, 4.0), (2, 0.2, 1), (3, 0.2, 7)].map { pid, util, memory in
      var process = GPUProcess(pid: pid)
      (process.util, process.vram) = (util, memory)
      return process
    }
    after.gpus = [gpu]
    let workloads = try #require(Sample(from: nil, to: after).workloads)
    let a = try #require(workloads.top.first { $0.id == "a" })
    #expect(a.gpu == 0.6 && a.gpuMemory == 4 && abs(a.gpuPower - 180) < 0.01)
    #expect(workloads.top.first { $0.id == "b" }?.gpu == 0.2)
  }

  @Test func aLoneReadingHasNoRates() throws {
    let workloads = try #require(
      Sample(from: nil, to: reading(at: 1, busy: 1, idle: 1, workloads: [("a", 7 * Self.second)])).workloads)
    let rates = try #require(Sample(from: nil, to: reading(at: 1, busy: 1, idle: 1, workloads: [])).workloads)
    #expect(workloads.active.isNaN && rates.total == 0 && rates.top.isEmpty)
  }

  @Test func aGroupThatHoldsOthersIsNotAddedUp() throws {
    let before = reading(at: 0, busy: 0, idle: 0, workloads: [("pod", 0), ("container", 0)])
    var after = reading(
      at: 10, busy: 1_000, idle: 1_000, workloads: [("pod", 5 * Self.second), ("container", 5 * Self.second)])
    after.workloads?.all[0].isGroup = true
    let workloads = try #require(Sample(from: before, to: after).workloads)
    #expect(workloads.top.count == 2 && abs(workloads.unattributedCPU - 0.5) < 1e-9)
  }
}
