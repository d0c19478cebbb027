import AgentMetrics
import Testing

@testable import Why

/// A machine that is idle, to be changed by each situation.
private func machine(_ change: (inout Sample) -> Void = { _ in }) -> Sample {
  var sample = Sample()
  sample.timestamp = Timestamp(seconds: 1_770_000_000)
  sample.elapsed = 30
  sample.cpu.usage = 0.03
  sample.cpu.threads = 8
  sample.cpu.modes = CPU.Modes()
  sample.cpu.modes?.iowait = 0
  sample.cpu.modes?.steal = 0
  sample.load = Load()
  sample.load?.running = 1
  sample.load?.blocked = 0
  sample.ram.total = 16 * 1_073_741_824
  sample.ram.available = 12 * 1_073_741_824
  sample.ram.oomKills = 3
  sample.swap = Swap()
  sample.swap?.inRate = 0
  sample.swap?.outRate = 0
  sample.pressure = Pressure()
  for path in [\Pressure.cpu, \Pressure.memory, \Pressure.io] {
    sample.pressure?[keyPath: path] = Pressure.Resource()
    sample.pressure?[keyPath: path]?.some = stall(0)
    sample.pressure?[keyPath: path]?.full = stall(0)
  }
  sample.disks = [disk("nvme0n1", busy: 0.02)]
  sample.filesystems = [filesystem("/", 0.4, available: 50 * 1_073_741_824)]
  sample.networks = [network("eth0")]
  sample.processes = Processes()
  sample.processes?.top = [process(1, "systemd", resident: 12), process(7, "sshd", resident: 8)]
  change(&sample)
  return sample
}

private func stall(_ ratio: Double, avg10: Double? = nil) -> Pressure.Stall {
  var stall = Pressure.Stall()
  (stall.ratio, stall.avg10) = (ratio, avg10 ?? ratio)
  return stall
}

private func disk(_ device: String, busy: Double, latency: Double = .nan) -> Disk {
  var disk = Disk()
  (disk.device, disk.busy, disk.writeLatency) = (device, busy, latency)
  return disk
}

private func filesystem(_ mountpoint: String, _ usage: Double, available: Double) -> Filesystem {
  var one = Filesystem(mountpoint: mountpoint, device: "/dev/x", fstype: "ext4", isReadOnly: false)
  (one.usage, one.available) = (usage, available)
  return one
}

private func network(_ device: String, state: String = "up", packets: Double = 1_000, drops: Double = 0) -> Network {
  var one = Network()
  (one.device, one.state, one.isPhysical) = (device, state, true)
  (one.receivePackets, one.transmitPackets, one.receiveDrops) = (packets / 2, packets / 2, drops)
  return one
}

private func process(
  _ pid: Int32, _ name: String, cpu: Double = 0, resident mebibytes: Double = 10, writes: Double = 0,
  service: String? = nil
) -> Process {
  var one = Process()
  (one.pid, one.name, one.cpu, one.service) = (pid, name, cpu, service)
  (one.resident, one.readRate, one.writeRate) = (mebibytes * 1_048_576, 0, writes)
  return one
}

private func workload(_ name: String, _ kind: WorkloadKind, _ change: (inout Workload) -> Void) -> Workload {
  var one = Workload()
  (one.id, one.name, one.kind) = (kind.rawValue + ":" + name, name, kind)
  change(&one)
  return one
}

private func workloads(_ top: Workload...) -> Workloads {
  var workloads = Workloads()
  workloads.top = top
  return workloads
}

private func gpu(_ index: Int, _ change: (inout GPU) -> Void = { _ in }) -> GPU {
  var one = GPU()
  one.index = index
  one.temperature = 60
  change(&one)
  return one
}

/// A made situation with the rule that must name it, and words of its sentence.
struct MadeSituation: Sendable, CustomStringConvertible {
  let description: String
  let rule: String
  let words: [String]
  let sample: Sample
  var previous: Sample?

  static let all: [MadeSituation] = [
    MadeSituation(
      description: "memory stalls under PSI", rule: "memory-stall", words: ["45%", "java ×2", "holds 75%", "swap"],
      sample: machine {
        $0.pressure?.memory?.full = stall(0.45)
        $0.ram.available = 200 * 1_048_576
        $0.swap?.inRate = 4e6
        $0.processes?.top += [process(10, "java", resident: 8_192), process(11, "java", resident: 4_096)]
      }),
    MadeSituation(
      description: "swapping on a kernel without PSI", rule: "swap-traffic", words: ["12 MB/s", "python3"],
      sample: machine {
        $0.pressure = nil
        $0.swap?.inRate = 12e6
        $0.swap?.outRate = 8e6
        $0.processes?.top += [process(10, "python3", resident: 9_000)]
      }),
    MadeSituation(
      description: "a disk that is waited for", rule: "io-stall",
      words: ["62%", "nvme0n1", "48 ms", "rsync (backup.service)", "180 MB/s"],
      sample: machine {
        $0.pressure?.io?.full = stall(0.62)
        $0.disks = [disk("sda", busy: 0.1), disk("nvme0n1", busy: 0.98, latency: 0.048)]
        $0.processes?.top += [process(10, "rsync", writes: 180e6, service: "backup.service")]
      }),
    MadeSituation(
      description: "a disk that is waited for, without PSI", rule: "io-stall", words: ["55%", "sda"],
      sample: machine {
        $0.pressure = nil
        $0.cpu.modes?.iowait = 0.55
        $0.disks = [disk("sda", busy: 1)]
      }),
    MadeSituation(
      description: "far more tasks than CPUs", rule: "cpu-crowded", words: ["64 tasks", "8 CPUs", "stress ×2", "95%"],
      sample: machine {
        $0.cpu.usage = 1
        $0.load?.running = 64
        $0.pressure?.cpu?.some = stall(0.93)
        $0.processes?.top += [process(10, "stress", cpu: 4), process(11, "stress", cpu: 3.6)]
      }),
    MadeSituation(
      description: "far more tasks than CPUs, without PSI", rule: "cpu-crowded", words: ["20 tasks"],
      sample: machine {
        $0.pressure = nil
        $0.cpu.usage = 0.99
        $0.load?.running = 20
      }),
    MadeSituation(
      description: "a host that takes the CPUs", rule: "cpu-steal", words: ["35%"],
      sample: machine { $0.cpu.modes?.steal = 0.35 }),
    MadeSituation(
      description: "a container at its CPU limit", rule: "cpu-limit", words: ["2 CPUs", "80%"],
      sample: machine {
        $0.cgroup = Cgroup()
        $0.cgroup?.cpuLimit = 2
        $0.cgroup?.throttled = 0.8
      }),
    MadeSituation(
      description: "a service at its CPU limit", rule: "cpu-limit",
      words: ["Service batch.service is throttled", "80%", "2 CPUs"],
      sample: machine {
        $0.workloads = workloads(
          workload("all.slice", .other) { ($0.isGroup, $0.throttled) = (true, 0.9) },
          workload("batch.service", .service) { ($0.throttled, $0.cpuLimit, $0.cpu) = (0.8, 2, 2) },
          workload("web", .container) { ($0.throttled, $0.cpuLimit) = (0.1, 1) })
      }),
    MadeSituation(
      description: "a job at its memory limit", rule: "memory-limit",
      words: ["Job 4711 of ann", "99%", "8 GiB", "30%"],
      sample: machine {
        $0.workloads = workloads(
          workload("4711", .job) {
            ($0.user, $0.memoryLimit, $0.memory) = ("ann", 8 * 1_073_741_824, 7.95 * 1_073_741_824)
            $0.memoryPressure = 0.3
          })
      }),
    MadeSituation(
      description: "an OOM kill in a container", rule: "oom-kill", words: ["1 process", "in container web"],
      sample: machine {
        $0.ram.oomKills = 4
        $0.workloads = workloads(workload("web", .container) { $0.oomKills = 3 })
      }, previous: machine { $0.workloads = workloads(workload("web", .container) { $0.oomKills = 2 }) }),
    MadeSituation(
      description: "an OOM kill in a service that was made since", rule: "oom-kill", words: ["in service a.service"],
      sample: machine {
        $0.ram.oomKills = 4
        $0.workloads = workloads(
          workload("a.service", .service) { ($0.oomKills, $0.cpu, $0.cpuTotal) = (1, 0.02, 0.6) },
          workload("old.service", .service) { ($0.oomKills, $0.cpu, $0.cpuTotal) = (7, 0.02, 90) })
      }, previous: machine()),
    MadeSituation(
      description: "an OOM kill in a service that was made between two rare readings", rule: "oom-kill",
      words: ["in service a.service"],
      sample: machine {
        $0.ram.oomKills = 4
        $0.workloads = workloads(
          workload("a.service", .service) { ($0.oomKills, $0.cpu, $0.cpuTotal) = (1, 0.02, 1) },
          workload("old.service", .service) { ($0.oomKills, $0.cpu, $0.cpuTotal) = (7, 0.02, 90) })
      },
      previous: machine {
        $0.agent.sources = [SourceReading(name: "workloads", duration: 0.03, success: true, age: 20)]
      }),
    MadeSituation(
      description: "an OOM kill beside a process of another group that ended", rule: "oom-kill",
      words: ["in container web, probably java"],
      sample: machine {
        $0.ram.oomKills = 4
        $0.workloads = workloads(workload("web", .container) { $0.oomKills = 3 })
      },
      previous: machine {
        $0.workloads = workloads(workload("web", .container) { $0.oomKills = 2 })
        $0.processes?.top += [process(20, "chromium", resident: 900), process(21, "java", resident: 300)]
        let last = $0.processes?.top.count ?? 0
        $0.processes?.top[last - 1].workload = "container:web"
      }),
    MadeSituation(
      description: "an OOM kill in a service that was removed at once", rule: "oom-kill",
      words: ["killed 1 process for lack of memory, probably python3 (107 MiB) in service a.service (ended)"],
      sample: machine {
        $0.ram.oomKills = 4
        $0.workloads = workloads(workload("web", .container) { ($0.oomKills, $0.cpuTotal) = (2, 91) })
      },
      previous: machine {
        $0.workloads = workloads(
          workload("a.service", .service) { $0.oomKills = 0 },
          workload("web", .container) { ($0.oomKills, $0.cpuTotal) = (2, 90) })
        // The larger one is in a group whose counter stands still.
        $0.processes?.top += [process(20, "java", resident: 300), process(21, "python3", resident: 107)]
        let last = $0.processes?.top.count ?? 0
        $0.processes?.top[last - 2].workload = "container:web"
        $0.processes?.top[last - 1].workload = "service:a.service"
      }),
    MadeSituation(
      description: "an OOM kill in a service that was never listed", rule: "oom-kill",
      words: ["killed 1 process for lack of memory, probably python3 (43 MiB) in service a.service"],
      sample: machine { $0.ram.oomKills = 4 },
      previous: machine {
        $0.processes?.top += [process(21, "python3", resident: 43)]
        let last = $0.processes?.top.count ?? 0
        $0.processes?.top[last - 1].workload = "service:a.service"
      }),
    MadeSituation(
      description: "an OOM kill whose victim is a zombie", rule: "oom-kill",
      words: ["in container web, probably java (300 MiB)"],
      sample: machine {
        $0.ram.oomKills = 4
        $0.workloads = workloads(workload("web", .container) { $0.oomKills = 3 })
        $0.processes?.top += [process(21, "java", resident: 0)]
        let last = $0.processes?.top.count ?? 0
        $0.processes?.top[last - 1].state = UInt8(ascii: "Z")
      },
      previous: machine {
        $0.workloads = workloads(workload("web", .container) { $0.oomKills = 2 })
        $0.processes?.top += [process(21, "java", resident: 300)]
        let last = $0.processes?.top.count ?? 0
        $0.processes?.top[last - 1].workload = "container:web"
      }),
    MadeSituation(
      description: "an OOM kill in a group that was not listed before", rule: "oom-kill", words: ["in container web"],
      sample: machine {
        $0.ram.oomKills = 4
        $0.workloads = workloads(
          workload("web", .container) { ($0.oomKills, $0.cpu, $0.cpuTotal) = (7, 0.02, 90) })
      }, previous: machine()),
    MadeSituation(
      description: "a build of a thousand short processes", rule: "cpu-crowded",
      words: ["session 3 of ann in short-lived processes (cc1 ×812)", "90%"],
      sample: machine {
        $0.cpu.usage = 1
        $0.load?.running = 64
        $0.pressure?.cpu?.some = stall(0.93)
        $0.processes?.top += [process(10, "make", cpu: 0.1)]
        var ended = EndedProcesses()
        (ended.name, ended.user, ended.workload, ended.count, ended.cpu) = ("cc1", "ann", "session:3", 812, 6.5)
        $0.processes?.ended = [ended]
        $0.workloads = workloads(
          workload("3", .session) { ($0.user, $0.cpu, $0.endedCPU) = ("ann", 7.2, 7.1) })
      }),
    MadeSituation(
      description: "a program by its command", rule: "cpu-crowded", words: ["python3 train.py ×2 uses 94%"],
      sample: machine {
        $0.pressure = nil
        $0.cpu.usage = 1
        $0.load?.running = 64
        $0.processes?.top += [Int32(10), 11].map { pid in
          var one = process(pid, "python3", cpu: 3.76)
          one.command = "python3 train.py"
          return one
        }
      }),
    MadeSituation(
      description: "a container at its memory limit", rule: "memory-limit", words: ["99%", "512 MiB"],
      sample: machine {
        $0.cgroup = Cgroup()
        $0.cgroup?.memoryLimit = 512 * 1_048_576
        $0.cgroup?.memoryUsed = 507 * 1_048_576
        $0.pressure?.memory?.some = stall(0.2)
      }),
    MadeSituation(
      description: "an OOM kill", rule: "oom-kill", words: ["1 process", "probably train.py", "6.8 GiB"],
      sample: machine { $0.ram.oomKills = 4 },
      previous: machine { $0.processes?.top += [process(99, "train.py", resident: 7_000)] }),
    MadeSituation(
      description: "an OOM kill in the container", rule: "oom-kill", words: ["2 processes"],
      sample: machine {
        $0.cgroup = Cgroup()
        $0.cgroup?.oomKills = 2
      },
      previous: machine {
        $0.cgroup = Cgroup()
        $0.cgroup?.oomKills = 0
      }),
    MadeSituation(
      description: "a full filesystem with its writer", rule: "filesystem-full",
      words: ["/var is full", "0 B", "logger"],
      sample: machine {
        $0.filesystems.append(filesystem("/var", 1, available: 0))
        $0.processes?.top += [process(10, "logger", writes: 2e6)]
      }),
    MadeSituation(
      description: "no inodes", rule: "filesystem-full", words: ["/srv has no inodes"],
      sample: machine {
        var full = filesystem("/srv", 0.3, available: 9e9)
        (full.inodes, full.inodesFree) = (1_000, 0)
        $0.filesystems.append(full)
      }),
    MadeSituation(
      description: "a hung network filesystem", rule: "filesystem-hung", words: ["/mnt/data", "nfs4", "5 min"],
      sample: machine {
        var hung = Filesystem(mountpoint: "/mnt/data", device: "nas:/x", fstype: "nfs4", isReadOnly: false)
        (hung.error, hung.age) = ("no answer", 300)
        $0.filesystems.append(hung)
      }),
    MadeSituation(
      description: "a lost GPU", rule: "gpu-lost", words: ["GPU 1 is lost"],
      sample: machine { $0.gpus = [gpu(0), gpu(1) { $0.state = .lost }] }),
    MadeSituation(
      description: "several lost GPUs", rule: "gpu-lost", words: ["2 of 3 GPUs"],
      sample: machine { $0.gpus = [gpu(0), gpu(1) { $0.state = .lost }, gpu(2) { $0.state = .lost }] }),
    MadeSituation(
      description: "a hot GPU", rule: "gpu-throttled", words: ["GPU 3", "temperature", "92 °C", "40%"],
      sample: machine {
        $0.gpus = [
          gpu(0),
          gpu(3) {
            ($0.throttleReasons, $0.temperature) = ("hw_slowdown,sw_thermal", 92)
            ($0.clock, $0.clockMaximum) = (800e6, 2_000e6)
          },
        ]
      }),
    MadeSituation(
      description: "a GPU whose supply brakes", rule: "gpu-throttled", words: ["power supply's brake"],
      sample: machine { $0.gpus = [gpu(0) { $0.throttleReasons = "power_brake" }] }),
    MadeSituation(
      description: "packets are lost", rule: "network-losses", words: ["eth0", "200 packets", "5%"],
      sample: machine { $0.networks = [network("eth0", packets: 4_000, drops: 200)] }),
    MadeSituation(
      description: "a link went down", rule: "link-down", words: ["eth1 went down"],
      sample: machine { $0.networks.append(network("eth1", state: "down")) },
      previous: machine { $0.networks.append(network("eth1")) }),
    MadeSituation(
      description: "tasks in uninterruptible sleep, idle disks", rule: "blocked-tasks", words: ["40 tasks"],
      sample: machine { $0.load?.blocked = 40 }),
    MadeSituation(
      description: "a full connection table", rule: "connections-full", words: ["99%"],
      sample: machine { $0.conntrack = Conntrack(entries: 259_524, limit: 262_144) }),
  ]

  static let healthy: [MadeSituation] = [
    MadeSituation(description: "idle", rule: "", words: [], sample: machine()),
    MadeSituation(description: "nothing is known", rule: "", words: [], sample: Sample()),
    MadeSituation(
      description: "a build with a job for each CPU", rule: "", words: [],
      sample: machine {
        $0.cpu.usage = 1
        $0.load?.running = 9
        $0.pressure?.cpu?.some = stall(0.6)
      }),
    MadeSituation(
      description: "a disk at full speed that few wait for", rule: "", words: [],
      sample: machine {
        $0.disks = [disk("nvme0n1", busy: 1, latency: 0.0005)]
        $0.pressure?.io?.some = stall(0.3)
        $0.pressure?.io?.full = stall(0.1)
      }),
    MadeSituation(
      description: "a page cache that fills the memory", rule: "", words: [],
      sample: machine {
        $0.ram.free = 100 * 1_048_576
        $0.ram.cached = 11 * 1_073_741_824
      }),
    MadeSituation(
      description: "old pages in swap", rule: "", words: [],
      sample: machine {
        $0.swap?.total = 8e9
        $0.swap?.used = 7e9
        $0.swap?.inRate = 20_000
      }),
    MadeSituation(
      description: "a service that its limit stops now and then", rule: "", words: [],
      sample: machine {
        $0.workloads = workloads(
          workload("a.service", .service) { ($0.throttled, $0.cpuLimit) = (0.2, 2) },
          workload("cache", .container) { ($0.memory, $0.memoryLimit, $0.memoryPressure) = (0.99e9, 1e9, 0.01) })
      }, previous: machine { $0.workloads = workloads() }),
    MadeSituation(
      description: "GPUs at their power cap", rule: "", words: [],
      sample: machine {
        $0.gpus = (0..<8).map { index in gpu(index) { ($0.util, $0.throttleReasons) = (1, "power_cap") } }
      }),
    MadeSituation(
      description: "a full image", rule: "", words: [],
      sample: machine {
        var image = Filesystem(mountpoint: "/snap", device: "/dev/loop0", fstype: "squashfs", isReadOnly: true)
        (image.usage, image.available) = (1, 0)
        $0.filesystems.append(image)
      }),
    MadeSituation(
      description: "an unused port and some drops of unknown protocols", rule: "", words: [],
      sample: machine { $0.networks = [network("eth0", packets: 20_000, drops: 15), network("eth1", state: "down")] },
      previous: machine { $0.networks.append(network("eth1", state: "down")) }),
    MadeSituation(
      description: "a second of waiting", rule: "", words: [],
      sample: machine {
        $0.elapsed = 1
        $0.pressure?.io?.full = stall(0.8, avg10: 0.1)
        $0.pressure?.memory?.full = stall(0.5, avg10: 0.04)
      }),
    MadeSituation(
      description: "OOM kills of long ago", rule: "", words: [], sample: machine { $0.ram.oomKills = 3 },
      previous: machine { $0.ram.oomKills = 3 }),
    MadeSituation(
      description: "a large disk at 99.6 % with gigabytes left", rule: "", words: [],
      sample: machine { $0.filesystems = [filesystem("/data", 0.996, available: 40e9)] }),
  ]
}

@Suite struct WhyTests {
  @Test("Each made situation is named first, with the values that say so", arguments: MadeSituation.all)
  func made(_ situation: MadeSituation) throws {
    let findings = Situation(situation.sample, after: situation.previous).findings
    let first = try #require(findings.first, "silent")
    #expect(first.rule == situation.rule)
    for word in situation.words { #expect(first.text.contains(word), "\(first.text)") }
    #expect(!first.text.hasSuffix("."))
    for evidence in first.evidence {
      let id = String(evidence.metric.prefix { $0 != "{" })
      #expect(Catalog.shared[id] != nil, "\(id)")
      #expect(evidence.value.isFinite)
    }
    #expect(!first.evidence.isEmpty)
  }

  @Test("Healthy machines give no reason", arguments: MadeSituation.healthy)
  func healthy(_ situation: MadeSituation) {
    #expect(Situation(situation.sample, after: situation.previous).findings.map(\.text) == [])
  }

  @Test("A window has the time of each reason, and its worst sample")
  func window() {
    var window = WindowReasons()
    let stalls = [0.0, 0.3, 0.6, 0.4, 0]
    for (index, ratio) in stalls.enumerated() {
      window.add(
        machine {
          $0.timestamp = Timestamp(seconds: 1_770_000_000 + Double(index) * 30)
          $0.pressure?.memory?.full = stall(ratio)
          if index == 2 { $0.cpu.modes?.steal = 0.5 }
        })
    }
    #expect(window.covered == 150)
    #expect(window.reasons.map(\.worst.rule) == ["memory-stall", "cpu-steal"])
    #expect(window.reasons.map(\.seconds) == [90, 30])
    #expect(window.reasons.first?.time == 1_770_000_060)
    #expect(window.reasons.first?.worst.text.hasPrefix("60%") == true)
    #expect(WindowReasons().reasons.isEmpty)
  }

  @Test("The OOM kills of a window are summed, those before it left out")
  func killsAreSummed() throws {
    var window = WindowReasons(in: SampleWindow(from: 1_000))
    // Kills so far of the machine, and of five services.
    let counts: [(machine: Double, services: [Double])] = [
      (1, [0, 1, 0, 0, 0]), (4, [3, 1, 0, 0, 0]), (5, [3, 2, 0, 0, 0]), (7, [3, 2, 1, 1, 0]), (9, [3, 2, 1, 1, 1]),
    ]
    for (index, kills) in counts.enumerated() {
      window.add(
        machine { sample in
          sample.timestamp = Timestamp(seconds: 990 + Double(index) * 10)
          sample.elapsed = 10
          sample.ram.oomKills = kills.machine
          sample.workloads = workloads()
          sample.workloads?.top = kills.services.enumerated().map { place, count in
            workload("s\(place).service", .service) { $0.oomKills = count }
          }
          // Other reasons do not push it out.
          sample.gpus = [gpu(0) { $0.state = .lost }]
        })
    }
    // The sample at 1,000 ends there: its three kills were before the window.
    let reason = try #require(window.reasons.first)
    #expect(
      reason.worst.text
        == "The kernel killed 5 processes for lack of memory: 1 in service s1.service, 1 in service s2.service, "
        + "1 in service s3.service, 2 elsewhere")
    #expect(reason.worst.evidence.first?.value == 5 && reason.seconds == 30 && reason.time == 1_020)
  }

  @Test("An OOM kill takes no time, and comes before reasons that held longer")
  func killsComeFirst() {
    var window = WindowReasons()
    for index in 0..<5 {
      window.add(
        machine {
          $0.ram.oomKills = index < 3 ? 3 : 4
          $0.pressure?.memory?.full = stall(0.3)
          $0.cpu.modes?.steal = 0.5
        })
    }
    #expect(window.reasons.map(\.worst.rule) == ["oom-kill", "memory-stall", "cpu-steal"])
  }

  @Test("At most three reasons, the most harmful first")
  func several() {
    let sample = machine {
      $0.gpus = [gpu(0) { $0.state = .lost }]
      $0.cpu.modes?.steal = 0.5
      $0.pressure?.memory?.full = stall(0.5)
      $0.pressure?.io?.full = stall(0.5)
    }
    #expect(Situation(sample).findings.map(\.rule) == ["gpu-lost", "memory-stall", "io-stall"])
  }

  @Test("Every rule has a made situation")
  func rules() {
    #expect(Set(WhyRule.all.map(\.name)) == Set(MadeSituation.all.map(\.rule)))
  }
}
