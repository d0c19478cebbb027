import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct CgroupCollectorTests {
  private func read(_ root: String) throws -> CgroupReading? {
    var reading = Reading()
    try CgroupCollector(root: root).read(into: &reading)
    return reading.cgroup
  }

  @Test func aContainerWithLimits() throws {
    let cgroup = try #require(try read(Fixture("cgroup-v2-container").root))
    #expect(cgroup.version == 2)
    #expect(cgroup.path == "/")
    #expect(cgroup.cpuLimit == 2)
    #expect(cgroup.cpuMicroseconds == 118_204_331_204)
    #expect(cgroup.periods == 902_110)
    #expect(cgroup.throttledPeriods == 40_231)
    #expect(cgroup.memoryLimit == 4_294_967_296)
    #expect(cgroup.memoryUsage == 3_311_923_200)
    #expect(cgroup.memoryInactiveFile == 641_204_224)
    #expect(cgroup.oomKills == 1)
    #expect(cgroup.swapLimit == 0)
    #expect(cgroup.tasks == 36)
    #expect(cgroup.tasksLimit == 512)
    let metrics = Cgroup(from: nil, to: cgroup, over: Elapsed(seconds: .nan))
    #expect(metrics.memoryUsed == 3_311_923_200 - 641_204_224)
  }

  @Test func aServiceWithoutLimits() throws {
    let cgroup = try #require(try read(Fixture("vm-1-core").root))
    #expect(cgroup.path == "/system.slice/worker-agent.service")
    #expect(cgroup.cpuLimit == nil)
    #expect(cgroup.memoryLimit == nil)
    #expect(cgroup.tasksLimit == 1_115)
  }

  @Test func theTightestLimitAboveBinds() throws {
    let fixture = try Fixture(files: [
      "proc/self/cgroup": "0::/a/b/c\n",
      "proc/self/mountinfo": "30 22 0:27 / /sys/fs/cgroup rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n",
      "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
      "sys/fs/cgroup/a/cpu.max": "150000 100000\n", "sys/fs/cgroup/a/memory.max": "max\n",
      "sys/fs/cgroup/a/cpu.stat": "usage_usec 900\n", "sys/fs/cgroup/a/memory.current": "7\n",
      "sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/b/memory.max": "4096\n",
      "sys/fs/cgroup/a/b/cpu.stat": "usage_usec 800\n", "sys/fs/cgroup/a/b/memory.current": "300\n",
      "sys/fs/cgroup/a/b/c/cpu.max": "400000 100000\n", "sys/fs/cgroup/a/b/c/memory.max": "8192\n",
      "sys/fs/cgroup/a/b/c/cpu.stat": "usage_usec 700\n", "sys/fs/cgroup/a/b/c/memory.current": "200\n",
    ])
    let cgroup = try #require(try read(fixture.root))
    #expect(cgroup.path == "/a/b/c")
    #expect(cgroup.cpuLimit == 1.5)
    #expect(cgroup.cpuMicroseconds == 900)
    #expect(cgroup.memoryLimit == 4_096)
    #expect(cgroup.memoryUsage == 300)
  }

  @Test func theMachinesOwnRootIsNotReported() throws {
    let unified = try Fixture(files: [
      "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cgroup.controllers": "cpu\n",
      "sys/fs/cgroup/cpu.stat": "usage_usec 5\n",
    ])
    #expect(try read(unified.root) == nil)
    let legacy = try Fixture(files: [
      "proc/self/cgroup": "2:cpu:/\n1:memory:/\n0::/\n", "sys/fs/cgroup/cpu/release_agent": "\n",
      "sys/fs/cgroup/memory/release_agent": "\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "5\n",
    ])
    #expect(try read(legacy.root) == nil)
    #expect(try read(Fixture(files: ["proc/stat": ""]).root) == nil)
  }

  @Test func versionOneWithTheHostsPath() throws {
    // No namespace: the path is the host's, and the mount contains only the group.
    let mounts = ["cpu,cpuacct", "memory", "pids"].map {
      "30 22 0:27 /docker/abc /sys/fs/cgroup/\($0) ro - cgroup cgroup rw,\($0)\n"
    }.joined()
    let fixture = try Fixture(files: [
      "proc/self/cgroup": "4:pids:/docker/abc\n3:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n",
      "proc/self/mountinfo": mounts,
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "5000000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.stat": "nr_periods 10\nnr_throttled 2\nthrottled_time 3000\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "600\n",
      "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n",
      "sys/fs/cgroup/memory/memory.memsw.limit_in_bytes": "1500\n",
      "sys/fs/cgroup/memory/memory.memsw.usage_in_bytes": "650\n",
      "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
      "sys/fs/cgroup/pids/pids.current": "4\n", "sys/fs/cgroup/pids/pids.max": "max\n",
    ])
    let cgroup = try #require(try read(fixture.root))
    #expect(cgroup.version == 1)
    #expect(cgroup.path == "/docker/abc")
    #expect(cgroup.cpuLimit == 0.5)
    #expect(cgroup.cpuMicroseconds == 5_000)
    #expect(cgroup.throttledPeriods == 2)
    #expect(cgroup.throttledMicroseconds == 3)
    #expect(cgroup.memoryLimit == 1_000)
    #expect(cgroup.memoryUsage == 600)
    #expect(cgroup.memoryInactiveFile == 100)
    #expect(cgroup.swapLimit == 500)
    #expect(cgroup.swapUsage == 50)
    #expect(cgroup.oomKills == 3)
    #expect(cgroup.tasks == 4)
    #expect(cgroup.tasksLimit == nil)
  }

  @Test func parsersSurviveAnything() throws {
    let groups = Array("4:pids:/docker/abc\n3:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/a/b\n".utf8)
    surviveTruncationAndMutation(of: groups, mutations: 20_000) { bytes in
      _ = CgroupParser.memberships(bytes)
      _ = ServiceName.find(in: bytes)
    }
    let mounts = Array("30 22 0:27 / /sys/fs/cgroup rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate\n".utf8)
    surviveTruncationAndMutation(of: mounts, mutations: 20_000) { bytes in _ = CgroupParser.mounts(bytes) }
    let stat = Array("usage_usec 5\nnr_periods 10\nnr_throttled 2\nthrottled_time 3000\nthrottled_usec 1\n".utf8)
    surviveTruncationAndMutation(of: stat, mutations: 20_000) { bytes in
      var cgroup = CgroupReading(version: 2, path: "/")
      CgroupParser.cpuStat(bytes, into: &cgroup)
      _ = CgroupParser.value(bytes, of: "nr_periods ")
    }
    surviveTruncationAndMutation(of: Array("200000 100000\n".utf8), mutations: 20_000) { bytes in
      _ = CgroupParser.cpuMaximum(bytes)
      _ = CgroupParser.limit(bytes)
    }
  }
}
