import AgentMetrics
import TestSupport
import Testing

@testable import CollectLinux

/// CPU time of groups that come and go between two passes, by the counter of the slice around them.
@Suite struct EndedWorkloadTests {
  enum Version: CaseIterable {
    case one, two
  }

  /// A machine whose groups count milliseconds of CPU time.
  private struct Machine {
    let version: Version
    let fixture: Fixture
    let collector: WorkloadsCollector
    /// So that each pass is due, at any cost of the one before.
    private static let pause = 20.0
    private var time = 0.0
    private var before: Reading?
    var kills: UInt64 = 0

    init(_ version: Version, _ groups: [String: Int]) throws {
      self.version = version
      let mounts =
        version == .two
        ? "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        : ["cpuacct", "memory"].map { "30 22 0:27 / /sys/fs/cgroup/\($0) rw - cgroup cgroup rw,\($0)\n" }.joined()
      fixture = try Fixture(files: ["proc/self/mountinfo": mounts])
      collector = WorkloadsCollector(root: fixture.root)
      for (path, cpu) in groups { try set(path, cpu) }
    }

    private var trees: [String] {
      version == .two ? ["sys/fs/cgroup"] : ["sys/fs/cgroup/cpuacct", "sys/fs/cgroup/memory"]
    }

    /// Makes a group, or changes its counters.
    func set(_ path: String, _ cpu: Int, kills: Int = 0) throws {
      let folder = trees[0] + path
      if version == .two {
        try fixture.write("usage_usec \(cpu)000\n", to: folder + "/cpu.stat")
        try fixture.write("oom_kill \(kills)\n", to: folder + "/memory.events")
      } else {
        try fixture.write("\(cpu)000000\n", to: folder + "/cpuacct.usage")
        try fixture.write("oom_kill \(kills)\n", to: trees[1] + path + "/memory.oom_control")
        try fixture.write("4096\n", to: trees[1] + path + "/memory.usage_in_bytes")
      }
    }

    func remove(_ path: String) { for tree in trees { fixture.remove(tree + path) } }

    /// Makes and removes a group.
    func pass(_ path: String) throws {
      try set(path, 0)
      remove(path)
    }

    mutating func read() throws -> WorkloadsReading {
      time += Self.pause
      var reading = Reading()
      (reading.monotonic, reading.boottime, reading.memory.oomKills) = (time, time, kills)
      try collector.read(into: &reading)
      before = last
      last = reading
      return try #require(reading.workloads)
    }

    private var last: Reading?

    /// Milliseconds of CPU time in the interval of the next pass, by workload.
    mutating func next() throws -> [String: Int] {
      _ = try read()
      let sample = Sample(from: before, to: try #require(last))
      let used = (sample.workloads?.top ?? []).filter { $0.cpu > 0 && !$0.isGroup }
      return Dictionary(uniqueKeysWithValues: used.map { ($0.id, Int(($0.cpu * Self.pause * 1_000).rounded())) })
    }

    func counter(_ id: String) -> Int? {
      last?.workloads?.all.first { $0.names.id == id }?.cpu.map { Int($0 / 1_000) }
    }

    func workload(_ id: String) -> WorkloadReading? { last?.workloads?.all.first { $0.names.id == id } }
  }

  private static let remainder = "other:/system.slice/(ended)"

  @Test(arguments: Version.allCases) func aGroupMadeAgainGoesOnFromItsFormerCounters(_ version: Version) throws {
    var machine = try Machine(
      version, ["/system.slice": 9_000, "/system.slice/a.service": 1_000, "/system.slice/b.service": 5_000])
    _ = try machine.read()
    #expect(try machine.next().isEmpty)
    // 300 ms after the last reading, then another life of 600 ms.
    machine.remove("/system.slice/b.service")
    try machine.set("/system.slice/b.service", 600)
    try machine.set("/system.slice", 9_900)
    #expect(try machine.next() == ["service:b.service": 900])
    #expect(machine.counter("service:b.service") == 5_900 && machine.workload("service:b.service")?.restarts == 1)
    // A counter higher than the former one.
    machine.remove("/system.slice/b.service")
    try machine.set("/system.slice/b.service", 800)
    try machine.set("/system.slice", 10_800)
    #expect(try machine.next() == ["service:b.service": 900])
    // Gone for some passes, with a tail of 100 ms.
    machine.remove("/system.slice/b.service")
    try machine.set("/system.slice", 10_900)
    #expect(try machine.next() == ["service:b.service": 100])
    #expect(try machine.next().isEmpty)
    try machine.set("/system.slice/b.service", 50)
    try machine.set("/system.slice", 10_950)
    #expect(try machine.next() == ["service:b.service": 50])
    #expect(machine.counter("service:b.service") == 6_950 && machine.workload("service:b.service")?.restarts == 3)
  }

  @Test(arguments: Version.allCases) func theOnlyWorkloadThatCameAndWentHasTheSlicesGrowth(_ version: Version) throws {
    var machine = try Machine(version, ["/system.slice": 9_000, "/system.slice/a.service": 1_000])
    _ = try machine.read()
    for life in 1...3 {
      try machine.pass("/system.slice/run-1.scope")
      try machine.set("/system.slice", 9_000 + 700 * life)
      #expect(try machine.next() == ["service:run-1.scope": 700])
      #expect(machine.counter("service:run-1.scope") == 700 * life)
      #expect(machine.workload("service:run-1.scope")?.hasEnded == true)
    }
    #expect(try machine.next().isEmpty)
    let reading = try machine.read()
    let total = Workloads(
      WorkloadSpan(from: nil, to: reading, over: Elapsed(seconds: .nan)), in: Workloads.Context(), keepsAll: true)
    #expect(total.top.map(\.id) == ["service:a.service"] && total.total == 1)
  }

  @Test(arguments: Version.allCases) func severalWorkloadsThatCameAndWentAreOne(_ version: Version) throws {
    var machine = try Machine(
      version, ["/system.slice": 9_000, "/system.slice/a.service": 1_000, "/system.slice/b.scope": 100])
    _ = try machine.read()
    try machine.pass("/system.slice/run-1.scope")
    try machine.pass("/system.slice/run-2.scope")
    machine.remove("/system.slice/b.scope")
    try machine.set("/system.slice/c.scope", 200)
    try machine.set("/system.slice/a.service", 1_050)
    try machine.set("/system.slice", 10_000)
    #expect(try machine.next() == [Self.remainder: 750, "service:c.scope": 200, "service:a.service": 50])
    #expect(machine.workload(Self.remainder)?.names.name == "ended in system.slice")
    #expect(try machine.next().isEmpty)
    try machine.pass("/system.slice/run-3.scope")
    try machine.pass("/system.slice/run-4.scope")
    try machine.set("/system.slice", 10_400)
    #expect(try machine.next() == [Self.remainder: 400])
    #expect(machine.counter(Self.remainder) == 1_150)
  }

  @Test(arguments: Version.allCases) func slicesInSlicesCountOnce(_ version: Version) throws {
    let user = "/user.slice/user-1000.slice"
    let manager = user + "/user@1000.service"
    var machine = try Machine(
      version,
      [
        "/user.slice": 5_000, user: 5_000, user + "/session-1.scope": 2_000, manager: 3_000,
        manager + "/app.slice": 1_000, manager + "/app.slice/x.service": 1_000,
      ])
    _ = try machine.read()
    #expect(try machine.next().isEmpty)
    // In the slice of the user's manager, whose own use it is not.
    try machine.pass(manager + "/app.slice/y.service")
    try machine.set(manager + "/app.slice", 1_400)
    try machine.set(manager, 3_450)
    try machine.set(user, 5_450)
    try machine.set("/user.slice", 5_450)
    #expect(try machine.next() == ["user:1000/y.service": 400, "user:user@1000.service": 50])
    #expect(machine.counter("user:user@1000.service") == 2_050)
    #expect(try machine.next().isEmpty)
    // The whole slice goes, with its last moments.
    machine.remove(manager)
    machine.remove(user + "/session-1.scope")
    machine.remove(user)
    try machine.set("/user.slice", 6_000)
    #expect(try machine.next() == ["other:/user.slice/(ended)": 550])
    // One that came and went with its only session.
    try machine.set(user + "/session-2.scope", 10)
    try machine.set(user, 10)
    try machine.set("/user.slice", 6_010)
    #expect(try machine.next() == ["session:2": 10])
    machine.remove(user + "/session-2.scope")
    machine.remove(user)
    try machine.set("/user.slice", 6_310)
    #expect(try machine.next() == ["session:2": 300])
  }

  @Test(arguments: Version.allCases) func processesDirectlyInASliceAreNoWorkload(_ version: Version) throws {
    var machine = try Machine(version, ["/system.slice": 9_000, "/system.slice/a.service": 1_000])
    _ = try machine.read()
    let tree = version == .two ? "" : "/cpuacct"
    try machine.fixture.write("77\n", to: "sys/fs/cgroup\(tree)/system.slice/cgroup.procs")
    try machine.pass("/system.slice/run-1.scope")
    try machine.set("/system.slice", 9_700)
    #expect(try machine.next().isEmpty)
    // Without a change, the slice's own use is no workload's.
    try machine.fixture.write("", to: "sys/fs/cgroup\(tree)/system.slice/cgroup.procs")
    try machine.set("/system.slice", 9_800)
    #expect(try machine.next().isEmpty)
  }

  @Test(arguments: Version.allCases) func withoutTheSlicesCounterNothingChanges(_ version: Version) throws {
    var machine = try Machine(version, ["/system.slice/a.service": 1_000, "/system.slice/b.service": 500])
    _ = try machine.read()
    try machine.pass("/system.slice/run-1.scope")
    machine.remove("/system.slice/b.service")
    try machine.set("/system.slice/b.service", 80)
    #expect(try machine.next() == ["service:b.service": 80])
    #expect(machine.counter("service:b.service") == 580)
  }

  @Test(arguments: Version.allCases) func theKillOfAGroupThatIsGoneIsItsOwn(_ version: Version) throws {
    var machine = try Machine(
      version, ["/system.slice": 9_000, "/system.slice/a.service": 1_000, "/system.slice/b.service": 500])
    _ = try machine.read()
    _ = try machine.read()
    machine.remove("/system.slice/b.service")
    machine.kills = 1
    _ = try machine.read()
    #expect(machine.workload("service:b.service")?.oomKills == 1)
    #expect(machine.workload("service:a.service")?.oomKills == 0)
    // One that a running group counts.
    machine.remove("/system.slice/a.service")
    try machine.set("/system.slice/c.service", 10, kills: 1)
    machine.kills = 2
    _ = try machine.read()
    #expect(machine.workload("service:a.service")?.oomKills == 0)
  }

  /// Spans of several passes, as of a scrape between two samples.
  @Test(arguments: Version.allCases) func laterReadingsHaveTheLastCounters(_ version: Version) throws {
    var machine = try Machine(
      version, ["/system.slice": 9_000, "/system.slice/a.service": 1_000, "/system.slice/b.service": 500])
    let first = try machine.read()
    machine.remove("/system.slice/b.service")
    try machine.set("/system.slice", 9_200)
    _ = try machine.read()
    try machine.set("/system.slice/b.service", 50)
    try machine.set("/system.slice", 9_250)
    let last = try machine.read()
    func used(_ reading: WorkloadsReading) -> [String: Double] {
      let span = WorkloadSpan(from: first, to: reading, over: Elapsed(seconds: 1))
      let all = Workloads(span, in: Workloads.Context(), keepsAll: true).top.filter { $0.cpu > 0 }
      return Dictionary(uniqueKeysWithValues: all.map { ($0.id, ($0.cpu * span.elapsed.seconds * 1e3).rounded()) })
    }
    #expect(used(last) == ["service:b.service": 250])
  }

  @Test func remaindersAreBounded() throws {
    var machine = try Machine(.two, [:])
    for index in 0..<80 { try machine.set("/s\(index).slice", 0) }
    _ = try machine.read()
    for index in 0..<80 {
      try machine.pass("/s\(index).slice/a.scope")
      try machine.pass("/s\(index).slice/b.scope")
      try machine.set("/s\(index).slice", 100)
    }
    let reading = try machine.read()
    #expect(reading.all.count == 64 && reading.all.allSatisfy(\.isRemainder))
    for index in 0..<80 { machine.remove("/s\(index).slice") }
    _ = try machine.read()
    for _ in 0..<4 { _ = try machine.read() }
    #expect(try machine.read().all.isEmpty)
  }
}
