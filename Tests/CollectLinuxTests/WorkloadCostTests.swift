import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

/// Files that need not be read, because others show that they have not changed.
@Suite struct WorkloadCostTests {
  private static let slice = "sys/fs/cgroup/system.slice"

  private func machine(_ names: [String]) throws -> Fixture {
    var files = [
      "proc/self/mountinfo": "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
      "sys/fs/cgroup/cgroup.controllers": "cpu memory io pids\n", "\(Self.slice)/cpu.stat": "usage_usec 1000000\n",
    ]
    for name in names {
      files["\(Self.slice)/\(name)/cpu.stat"] = "usage_usec 1000\n"
      files["\(Self.slice)/\(name)/memory.current"] = "4096\n"
      files["\(Self.slice)/\(name)/memory.pressure"] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
      files["\(Self.slice)/\(name)/io.pressure"] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
      files["\(Self.slice)/\(name)/memory.events"] = "oom_kill 1\n"
    }
    return try Fixture(files: files)
  }

  private func read(
    _ collector: WorkloadsCollector, at time: Double, memoryStall: UInt64? = nil, oomKills: UInt64? = nil
  ) throws -> [String: WorkloadReading] {
    var reading = Reading()
    reading.boottime = time
    reading.memory.oomKills = oomKills
    if let memoryStall {
      var (line, resource, pressure) = (
        PressureReading.StallTotals(), PressureReading.Resource(), PressureReading()
      )
      line.total = memoryStall
      resource.some = line
      pressure.memory = resource
      reading.pressure = pressure
    }
    try collector.read(into: &reading)
    let all = try #require(reading.workloads?.all)
    return Dictionary(uniqueKeysWithValues: all.map { ($0.names.name, $0) })
  }

  /// Three groups, idle for nine passes, and the CPU time that they have then.
  private func idleMachine(
    withSlice hasSlice: Bool = true, then usage: Int, slice: Int? = nil
  ) throws -> (machine: Fixture, collector: WorkloadsCollector) {
    let machine = try machine(["a.service", "b.service", "c.service"])
    if !hasSlice { machine.remove(Self.slice + "/cpu.stat") }
    let collector = WorkloadsCollector(root: machine.root)
    for time in 1...9 { _ = try read(collector, at: Double(time)) }
    for name in ["a", "b", "c"] {
      try machine.write("usage_usec \(usage)\n", to: "\(Self.slice)/\(name).service/cpu.stat")
    }
    if let slice { try machine.write("usage_usec \(slice)\n", to: Self.slice + "/cpu.stat") }
    return (machine, collector)
  }

  @Test func idleGroupsAreReadWhenTheSliceAroundThemShowsIt() throws {
    let (machine, collector) = try idleMachine(then: 9_000, slice: 1_024_000)
    defer { withExtendedLifetime(machine) {} }
    #expect(try read(collector, at: 10).values.allSatisfy { $0.cpu == 9_000 })
  }

  @Test func lessThanAMillisecondIsReadWithinFivePasses() throws {
    let (machine, collector) = try idleMachine(then: 1_300, slice: 1_000_900)
    defer { withExtendedLifetime(machine) {} }
    var seen: [Int] = []
    for time in 10...14 {
      seen.append(try read(collector, at: Double(time)).values.count { $0.cpu == 1_300 })
    }
    #expect(seen.first ?? 3 < 3 && seen.last == 3, "\(seen)")
  }

  @Test func withoutTheTimeOfASliceAllAreRead() throws {
    let (machine, collector) = try idleMachine(withSlice: false, then: 1_001)
    defer { withExtendedLifetime(machine) {} }
    #expect(try read(collector, at: 10).values.allSatisfy { $0.cpu == 1_001 })
  }

  @Test func afterALongPauseAllAreRead() throws {
    let (machine, collector) = try idleMachine(then: 1_001)
    defer { withExtendedLifetime(machine) {} }
    #expect(try read(collector, at: 40).values.allSatisfy { $0.cpu == 1_001 })
  }

  @Test func limitsOfGroupsThatAreIdleForTenPassesAreReadEveryFourMinutes() throws {
    // Each is due at another pass: one with serial number n at those whose number makes a multiple of the rest with n.
    let names = (1...50).map { "\($0).service" }
    let machine = try machine(names)
    for name in names { try machine.write("1000\n", to: "\(Self.slice)/\(name)/memory.max") }
    let collector = WorkloadsCollector(root: machine.root)
    for time in 1...10 { _ = try read(collector, at: Double(time)) }
    for name in names { try machine.write("2000\n", to: "\(Self.slice)/\(name)/memory.max") }
    func changed(at time: Int) throws -> Int {
      try read(collector, at: Double(time)).values.count { $0.memoryLimit == 2_000 }
    }
    // Those that would be due once a minute: few, since the tenth idle pass may be one of these.
    for time in 11...39 { _ = try changed(at: time) }
    let early = try changed(at: 40)
    #expect(early <= 5, "\(early)")
    for time in 41...249 { _ = try changed(at: time) }
    #expect(try changed(at: 250) == 50)
  }

  @Test func pressureIsReadOnlyWhereTheMachinesMoved() throws {
    let machine = try machine(["a.service"])
    let collector = WorkloadsCollector(root: machine.root)
    func pass(_ time: Int, stall: UInt64, kills: UInt64) throws -> WorkloadReading {
      try machine.write("usage_usec \(1_000 * time)\n", to: Self.slice + "/a.service/cpu.stat")
      return try #require(
        try read(collector, at: Double(time), memoryStall: stall, oomKills: kills)["a.service"])
    }
    for time in 1...3 { _ = try pass(time, stall: 50, kills: 1) }
    try machine.write(
      "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n", to: Self.slice + "/a.service/memory.pressure")
    try machine.write("some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n", to: Self.slice + "/a.service/io.pressure")
    try machine.write("oom_kill 2\n", to: Self.slice + "/a.service/memory.events")
    var reading = try pass(4, stall: 50, kills: 1)
    // The machine's pressure of I/O is unknown, so that the group's is read.
    #expect(reading.memoryStall == 7 && reading.ioStall == 9 && reading.oomKills == 1)
    reading = try pass(5, stall: 51, kills: 2)
    #expect(reading.memoryStall == 9 && reading.oomKills == 2)
  }

  @Test func memoryOfIdleGroupsIsReadRarelyUnlessItIsReclaimed() throws {
    let machine = try machine(["a.service"])
    let collector = WorkloadsCollector(root: machine.root)
    for time in 1...25 { _ = try read(collector, at: Double(time), memoryStall: 50) }
    var time = 25
    /// Passes until a change is seen.
    func passes(to bytes: Int, stall: UInt64) throws -> Int {
      try machine.write("\(bytes)\n", to: Self.slice + "/a.service/memory.current")
      for pass in 1...40 {
        time += 1
        let seen = try read(collector, at: Double(time), memoryStall: stall)["a.service"]?.memory
        if seen == UInt64(bytes) { return pass }
      }
      return 100
    }
    let reclaimed = try passes(to: 1_024, stall: 51)
    #expect(reclaimed <= 5, "\(reclaimed)")
    let deleted = try passes(to: 512, stall: 51)
    #expect((6...20).contains(deleted), "\(deleted)")
  }

  @Test func ioAndTasksAreReadOnlyWhereTheMachinesMovedSince() throws {
    let machine = try machine(["a.service", "b.service"])
    func set(io bytes: Int, tasks: Int) throws {
      for name in ["a", "b"] {
        try machine.write("8:0 rbytes=\(bytes) wbytes=0 rios=1 wios=0\n", to: "\(Self.slice)/\(name).service/io.stat")
        try machine.write("\(tasks)\n", to: "\(Self.slice)/\(name).service/pids.current")
      }
    }
    let collector = WorkloadsCollector(root: machine.root)
    var reading = Reading()
    func pass(_ time: Int, busy: [String], kilobytes: UInt64, forks: UInt64) throws -> [String: WorkloadReading] {
      for name in busy {
        try machine.write("usage_usec \(1_000 * time)\n", to: "\(Self.slice)/\(name).service/cpu.stat")
      }
      reading.boottime = Double(time)
      reading.memory.pagedKilobytes = kilobytes
      reading.cpu.forks = forks
      reading.load = Load()
      reading.load?.tasks = 100
      try collector.read(into: &reading)
      let all = try #require(reading.workloads?.all)
      return Dictionary(uniqueKeysWithValues: all.map { ($0.names.name, $0) })
    }
    try set(io: 10, tasks: 1)
    for time in 1...3 { _ = try pass(time, busy: ["a", "b"], kilobytes: 50, forks: 7) }
    try set(io: 20, tasks: 2)
    var all = try pass(4, busy: ["a", "b"], kilobytes: 50, forks: 7)
    #expect(all["a.service"]?.readBytes == 10 && all["a.service"]?.tasks == 1)
    // What moves while a group sleeps is read when it wakes, though the machine's sums stand still then.
    for time in 5...8 { _ = try pass(time, busy: ["a"], kilobytes: 50, forks: 7) }
    all = try pass(9, busy: ["a"], kilobytes: 51, forks: 8)
    #expect(all["a.service"]?.readBytes == 20 && all["a.service"]?.tasks == 2)
    all = try pass(10, busy: ["a", "b"], kilobytes: 51, forks: 8)
    #expect(all["b.service"]?.readBytes == 20 && all["b.service"]?.tasks == 2)
  }

  @Test func aGroupThatIsMadeAgainHasRestarted() throws {
    let machine = try machine(["a.service"])
    let collector = WorkloadsCollector(root: machine.root)
    #expect(try read(collector, at: 1)["a.service"]?.restarts == 0)
    for round in 1...2 {
      machine.remove(Self.slice + "/a.service")
      #expect(try read(collector, at: Double(10 * round))["a.service"]?.hasEnded == true)
      try machine.write("usage_usec 5\n", to: Self.slice + "/a.service/cpu.stat")
      #expect(try read(collector, at: Double(10 * round + 1))["a.service"]?.restarts == UInt64(round))
    }
  }
}
