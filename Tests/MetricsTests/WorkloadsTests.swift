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
