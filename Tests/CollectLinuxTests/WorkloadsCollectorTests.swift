import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct WorkloadsCollectorTests {
  private static let id = "f659de946112140fd722cddfd24015a8c9fce51b7ab7f007ac30612b6f9acfc9"
  private static let unified = "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"

  private static func group(_ path: String, cpu: Int, memory: Int) -> [String: String] {
    [
      "sys/fs/cgroup\(path)/cpu.stat": "usage_usec \(cpu)\nuser_usec 1\nsystem_usec 1\nnr_periods 60\n"
        + "nr_throttled 15\nthrottled_usec 2500000\n",
      "sys/fs/cgroup\(path)/memory.current": "\(memory)\n",
    ]
  }

  private func fixture(_ groups: [[String: String]]) throws -> Fixture {
    var files = ["proc/self/mountinfo": Self.unified, "sys/fs/cgroup/cgroup.controllers": "cpu memory io pids\n"]
    for group in groups { files.merge(group) { $1 } }
    return try Fixture(files: files)
  }

  private func read(_ collector: WorkloadsCollector, at time: Double) throws -> WorkloadsReading {
    var reading = Reading()
    reading.boottime = time
    try collector.read(into: &reading)
    return try #require(reading.workloads)
  }

  @Test func versionTwo() throws {
    let path = "/system.slice/docker-\(Self.id).scope"
    let machine = try fixture([
      Self.group(path, cpu: 7_000_000, memory: 65_536), Self.group("/system.slice", cpu: 9_000_000, memory: 99_999),
      [
        "sys/fs/cgroup\(path)/cpu.max": "150000 100000\n", "sys/fs/cgroup\(path)/memory.max": "131072\n",
        "sys/fs/cgroup\(path)/memory.peak": "70000\n",
        "sys/fs/cgroup\(path)/memory.stat": "anon 5\nfile 9000\ninactive_file 5536\n",
        "sys/fs/cgroup\(path)/memory.events": "low 0\noom 3\noom_kill 2\n",
        "sys/fs/cgroup\(path)/memory.swap.current": "4096\n",
        "sys/fs/cgroup\(path)/io.stat":
          "8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n9:0 rbytes=1 wbytes=2 rios=1 wios=1\n",
        "sys/fs/cgroup\(path)/pids.current": "4\n", "sys/fs/cgroup\(path)/pids.max": "max\n",
        "sys/fs/cgroup\(path)/cpu.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=77\n",
      ],
    ])
    let workloads = try read(WorkloadsCollector(root: machine.root), at: 1)
    #expect(workloads.all.map(\.names.id) == ["container:f659de946112"])
    let container = try #require(workloads.all.first)
    #expect(container.names.engine == "docker" && container.names.path == path)
    #expect(container.cpu == 7_000_000 && container.cpuLimit == 1.5)
    #expect(container.periods == 60 && container.throttledPeriods == 15 && container.throttled == 2_500_000)
    #expect(container.memory == 65_536 && container.inactiveFile == 5_536 && container.memoryPeak == 70_000)
    #expect(container.memoryLimit == 131_072 && container.swap == 4_096 && container.oomKills == 2)
    #expect(container.anonymous == 5 && container.cache == 9_000)
    #expect(container.readBytes == 101 && container.writtenBytes == 202)
    #expect(container.reads == 2 && container.writes == 3)
    #expect(container.tasks == 4 && container.tasksLimit == nil)
    #expect(container.cpuStall == 77 && container.memoryStall == nil && container.ioStall == nil)
  }

  @Test func versionOne() throws {
    let mounts = ["cpu", "cpuacct", "memory", "blkio", "pids"].map {
      "30 22 0:27 / /sys/fs/cgroup/\($0) rw - cgroup cgroup rw,\($0)\n"
    }.joined()
    let path = "/docker/\(Self.id)"
    let root = "sys/fs/cgroup"
    let machine = try Fixture(files: [
      "proc/self/mountinfo": mounts, "\(root)/cpuacct\(path)/cpuacct.usage": "5000000000\n",
      "\(root)/cpu\(path)/cpu.stat": "nr_periods 10\nnr_throttled 2\nthrottled_time 3000000\n",
      "\(root)/cpu\(path)/cpu.cfs_period_us": "100000\n", "\(root)/cpu\(path)/cpu.cfs_quota_us": "50000\n",
      "\(root)/memory\(path)/memory.usage_in_bytes": "600\n",
      "\(root)/memory\(path)/memory.limit_in_bytes": "9223372036854771712\n",
      "\(root)/memory\(path)/memory.stat": "cache 1\nrss 1\ninactive_file 1\n"
        + "total_cache 70\ntotal_rss 80\ntotal_swap 50\ntotal_inactive_file 100\n",
      "\(root)/memory\(path)/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
      "\(root)/blkio\(path)/blkio.throttle.io_service_bytes_recursive":
        "8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 4096\n8:0 Total 12288\nTotal 12288\n",
      "\(root)/blkio\(path)/blkio.throttle.io_serviced_recursive": "8:0 Read 3\n8:0 Write 4\n8:0 Total 7\nTotal 7\n",
      "\(root)/pids\(path)/pids.current": "4\n",
      // A group in one hierarchy only.
      "\(root)/memory/mine/memory.usage_in_bytes": "7\n",
    ])
    let workloads = try read(WorkloadsCollector(root: machine.root), at: 1)
    #expect(Set(workloads.all.map(\.names.id)) == ["container:f659de946112", "other:/mine"])
    let container = try #require(workloads.all.first { $0.names.kind == .container })
    #expect(container.cpu == 5_000_000)
    #expect(container.cpuLimit == 0.5)
    #expect(container.throttledPeriods == 2 && container.throttled == 3_000)
    #expect(container.memory == 600 && container.memoryLimit == nil && container.inactiveFile == 100)
    #expect(container.swap == 50 && container.oomKills == 3 && container.tasks == 4)
    #expect(container.readBytes == 4_096 && container.writtenBytes == 8_192 && container.cpuStall == nil)
    #expect(container.reads == 3 && container.writes == 4 && container.anonymous == 80 && container.cache == 70)
    let mine = try #require(workloads.all.first { $0.names.kind == .other })
    #expect(mine.memory == 7 && mine.cpu == nil)
  }

  /// An escaped dash makes another unit; a name that a nested manager has, too, gets a mark, always the same one.
  @Test func namesTellWorkloadsApart() throws {
    let machine = try fixture(
      [
        "/system.slice/foo\\x2dbar.service", "/system.slice/foo-bar.service", "/b.slice/foo-bar.service",
        "/a.slice/x.service",
      ]
      .map { Self.group($0, cpu: 1, memory: 1) } + [Self.group("/c.slice/my\\x20app.service", cpu: 1, memory: 1)])
    let workloads = try read(WorkloadsCollector(root: machine.root), at: 1)
    let names = Dictionary(uniqueKeysWithValues: workloads.all.map { ($0.names.path, $0.names) })
    #expect(
      names.mapValues(\.id) == [
        "/a.slice/x.service": "service:x.service", "/b.slice/foo-bar.service": "service:foo-bar.service",
        "/system.slice/foo-bar.service": "service:foo-bar.service#2",
        "/system.slice/foo\\x2dbar.service": "service:foo\\x2dbar.service",
        "/c.slice/my\\x20app.service": "service:my app.service",
      ])
    #expect(names["/system.slice/foo-bar.service"]?.name == "foo-bar.service#2")
  }

  /// A CPU limit of version 1 that is set while the group runs: its counters are those of the file, or absent.
  @Test(arguments: [0, 14]) func throttlingIsNeverThatOfAnEarlierPass(heavier: Int) throws {
    let mounts = ["cpu", "cpuacct"].map { "30 22 0:27 / /sys/fs/cgroup/\($0) rw - cgroup cgroup rw,\($0)\n" }.joined()
    let machine = try Fixture(files: ["proc/self/mountinfo": mounts])
    func write(_ name: String, usage: Int, periods: Int = 0, throttled: Int = 0, quota: Int = -1) throws {
      let (cpu, path) = ("sys/fs/cgroup/cpu", "/system.slice/\(name).service")
      try machine.write("\(usage)\n", to: cpu + "acct\(path)/cpuacct.usage")
      try machine.write(
        "nr_periods \(periods)\nnr_throttled \(periods)\nthrottled_time \(throttled)000\n", to: cpu + path + "/cpu.stat"
      )
      try machine.write("100000\n", to: cpu + path + "/cpu.cfs_period_us")
      try machine.write("\(quota)\n", to: cpu + path + "/cpu.cfs_quota_us")
    }
    let collector = WorkloadsCollector(root: machine.root)
    var found: Int?
    for pass in 1...40 {
      for index in 0..<heavier { try write("heavier\(index)", usage: pass * 90_000_000) }
      let throttled = max(0, pass - 10) * 500_000
      let quota = pass > 10 ? 20_000 : -1
      try write("late", usage: pass * 1_000_000, periods: max(0, pass - 10) * 10, throttled: throttled, quota: quota)
      // Made with a limit that follows its first pass.
      if pass >= 20 {
        try write(
          "new", usage: pass * 1_000_000, periods: (pass - 20) * 10, throttled: (pass - 20) * 400_000,
          quota: pass > 20 ? 50_000 : -1)
      }
      let all = try read(collector, at: Double(3 * pass)).all
      let late = try #require(all.first { $0.names.name == "late.service" })
      #expect(late.throttled == nil || late.throttled == UInt64(throttled), "pass \(pass)")
      if found == nil, late.throttled ?? 0 > 0 {
        found = pass
        #expect(late.cpuLimit == 0.2)
      }
      if found != nil { #expect(late.throttled != nil && late.throttledPeriods != nil, "pass \(pass)") }
      let new = all.first { $0.names.name == "new.service" }
      if pass >= 20 { #expect(new?.throttled == UInt64(pass - 20) * 400_000, "pass \(pass)") }
      if pass > 3, heavier > 0 {
        #expect(all.first { $0.names.name == "late.service" }?.isListed == false, "the others are heavier")
      }
    }
    #expect(found.map { $0 <= 16 } == true, "\(found ?? 0)")
  }

  /// Limits are read once a minute; the peak must be there before a group that grew is killed.
  @Test func peakIsReadWhereMemoryReachesItAndAtKills() throws {
    let path = "/system.slice/a.service"
    let machine = try fixture([
      Self.group(path, cpu: 1_000, memory: 0),
      ["sys/fs/cgroup\(path)/memory.peak": "0\n", "sys/fs/cgroup\(path)/memory.events": "oom_kill 0\n"],
    ])
    let collector = WorkloadsCollector(root: machine.root)
    var kills: UInt64 = 0
    func peak(at time: Double) throws -> UInt64? {
      var reading = Reading()
      reading.boottime = time
      reading.memory.oomKills = kills
      try collector.read(into: &reading)
      return reading.workloads?.all.first?.memoryPeak
    }
    for time in [1.0, 2, 3] { #expect(try peak(at: time) == 0) }
    try machine.write("usage_usec 2000\n", to: "sys/fs/cgroup\(path)/cpu.stat")
    try machine.write("5000\n", to: "sys/fs/cgroup\(path)/memory.current")
    try machine.write("6000\n", to: "sys/fs/cgroup\(path)/memory.peak")
    #expect(try peak(at: 4) == 6_000)
    // A kill that left nothing.
    try machine.write("usage_usec 3000\n", to: "sys/fs/cgroup\(path)/cpu.stat")
    try machine.write("10\n", to: "sys/fs/cgroup\(path)/memory.current")
    try machine.write("9000\n", to: "sys/fs/cgroup\(path)/memory.peak")
    try machine.write("oom_kill 1\n", to: "sys/fs/cgroup\(path)/memory.events")
    kills = 1
    #expect(try peak(at: 5) == 9_000)
  }

  @Test func whatIsNestedIsCountedOnce() throws {
    let manager = "/user.slice/user-1000.slice/user@1000.service"
    let machine = try fixture([
      Self.group(manager, cpu: 1_000, memory: 1_000),
      Self.group(manager + "/app.slice/a.service", cpu: 300, memory: 200),
      Self.group(manager + "/app.slice/b.service", cpu: 400, memory: 100),
      Self.group("/system.slice/docker.service", cpu: 50, memory: 60),
    ])
    let collector = WorkloadsCollector(root: machine.root)
    func own(_ reading: WorkloadsReading) -> [String: UInt64] {
      Dictionary(uniqueKeysWithValues: reading.all.filter { !$0.hasEnded }.map { ($0.names.id, $0.cpu ?? 0) })
    }
    var reading = try read(collector, at: 1)
    #expect(
      own(reading) == [
        "user:user@1000.service": 300, "user:1000/a.service": 300, "user:1000/b.service": 400,
        "service:docker.service": 50,
      ])
    #expect(reading.all.reduce(0) { $0 + ($1.memory ?? 0) } == 1_060)
    // The kernel counts that of each limit apart.
    #expect(reading.all.allSatisfy { $0.throttled == 2_500_000 })
    // What has ended stays in the counter around it, and is not attributed to it.
    machine.remove("sys/fs/cgroup" + manager + "/app.slice/b.service")
    reading = try read(collector, at: 100)
    #expect(
      own(reading) == [
        "user:user@1000.service": 300, "user:1000/a.service": 300, "service:docker.service": 50,
      ])
  }

  @Test func groupsComeAndGoBetweenReads() throws {
    let machine = try fixture([Self.group("/system.slice/a.service", cpu: 5, memory: 1)])
    let collector = WorkloadsCollector(root: machine.root)
    #expect(try read(collector, at: 1).all.map(\.isNew) == [false])
    for (path, text) in Self.group("/system.slice/b.service", cpu: 7, memory: 1) { try machine.write(text, to: path) }
    var reading = try read(collector, at: 2)
    #expect(reading.all.map(\.names.name) == ["a.service", "b.service"])
    #expect(reading.all.map(\.isNew) == [false, true])
    // Made since the earlier reading, so that its counters began at 0.
    let sample = Workloads(
      WorkloadSpan(from: try read(collector, at: 2), to: reading, over: Elapsed(seconds: 1)), in: Workloads.Context())
    #expect(sample.top.first { $0.name == "b.service" }?.cpu == 7e-6)
    // Made again under the same path between two reads.
    machine.remove("sys/fs/cgroup/system.slice/b.service")
    for (path, text) in Self.group("/system.slice/b.service", cpu: 2, memory: 1) { try machine.write(text, to: path) }
    let serial = reading.all[1].serial
    reading = try read(collector, at: 3)
    #expect(reading.all.map(\.names.name) == ["a.service", "b.service"] && reading.all[1].serial > serial)
    #expect(reading.all[1].cpu == 9, "with that of its former life")
    machine.remove("sys/fs/cgroup/system.slice/a.service")
    machine.remove("sys/fs/cgroup/system.slice/b.service")
    #expect(try read(collector, at: 4).all.allSatisfy(\.hasEnded))
    #expect(try read(collector, at: 65).all.isEmpty)
  }

  @Test func churnLeavesNothingBehind() throws {
    let machine = try fixture([Self.group("/system.slice/a.service", cpu: 5, memory: 1)])
    let collector = WorkloadsCollector(root: machine.root)
    _ = try read(collector, at: 1)
    // At any cost of the passes, so far apart that each is due.
    for round in 0..<30 {
      for index in 0..<20 {
        for (path, text) in Self.group("/jobs/\(round)-\(index)", cpu: index, memory: 1) {
          try machine.write(text, to: path)
        }
      }
      #expect(try read(collector, at: Double(62 * round + 32)).all.count { !$0.hasEnded } == 22)
      for index in 0..<20 { machine.remove("sys/fs/cgroup/jobs/\(round)-\(index)") }
      let left = try read(collector, at: Double(62 * round + 63)).all
      #expect(left.count { !$0.hasEnded } == 2 && left.count <= 42, "/jobs stays")
    }
  }

  @Test func aMachineWithoutControlGroupsHasNone() throws {
    var reading = Reading()
    try WorkloadsCollector(root: Fixture(files: ["proc/stat": ""]).root).read(into: &reading)
    #expect(reading.workloads == nil)
  }

  @Test func theParsersSurviveAnything() {
    let names = WorkloadNames(kind: .other, id: "", name: "", path: "")
    let texts = [
      "usage_usec 5\nnr_periods 10\nnr_throttled 2\nthrottled_time 3000\nthrottled_usec 1\n",
      "8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0\n9:1 rbytes=1 wbytes=2\n",
      "8:0 Read 4096\n8:0 Write 8192\n8:0 Total 12288\nTotal 12288\n", "max 100000\n", "anon 5\ninactive_file 5536\n",
      "some avg10=0.00 avg60=0.00 avg300=0.00 total=77\n",
    ]
    for text in texts {
      surviveTruncationAndMutation(of: Array(text.utf8), mutations: 4_000) { bytes in
        var reading = WorkloadReading(names: names, serial: 0)
        for file in WorkloadFile.all { file.parse(bytes, &reading) }
      }
    }
  }
}
