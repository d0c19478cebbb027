internal import AgentMetrics

/// The demo machine's workloads: the groups of its processes.
enum DemoWorkloads {
  /// A workload and the numbers of its processes in ``DemoMachine/processes``.
  private struct Group {
    let names: WorkloadNames
    var processes: [Int] = []
  }

  /// CPUs' worth of time of short processes that a scan of the processes misses: compressors that the backup starts.
  private static let endedCores = 0.11

  private static let groups: [Group] = {
    var groups: [Group] = []
    for (index, process) in DemoMachine.processes.enumerated() {
      let names = names(of: process)
      let known = groups.firstIndex { $0.names == names }
      if known == nil { groups.append(Group(names: names)) }
      groups[known ?? groups.count - 1].processes.append(index)
    }
    return groups
  }()

  /// The workload that a process belongs to.
  static func id(of process: DemoProcess) -> String { names(of: process).id }

  private static func names(of process: DemoProcess) -> WorkloadNames {
    guard let service = process.service else {
      return process.pid == 1
        ? WorkloadNames(
          kind: .service, id: "service:init.scope", name: "init.scope", path: "/init.scope", user: process.user)
        : WorkloadNames(
          kind: .session, id: "session:7", name: "7", path: "/user.slice/user-1000.slice/session-7.scope",
          user: process.user)
    }
    let parts = service.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else {
      return WorkloadNames(
        kind: .service, id: "service:" + service, name: service, path: "/system.slice/" + service, user: process.user)
    }
    let kind: WorkloadKind = parts[0] == "slurm" ? .job : .container
    let container = containers[parts[1]]
    var facts = WorkloadNames.Facts(
      kind: kind, id: kind.rawValue + ":" + parts[1], name: container?.name ?? parts[1],
      path: "/" + parts[0] + "/" + parts[1])
    (facts.user, facts.engine, facts.image) = (process.user, parts[0], container?.image)
    return WorkloadNames(facts)
  }

  /// Names and images of the containers.
  private static let containers: [String: (name: String, image: String)] = [
    "9f2c17d04be1": ("llama-70b", "vllm/vllm-openai:v0.6.3"), "71ac5503c9d8": ("web", "nginx:1.27"),
  ]

  /// Writes the workloads at one instant.
  static func write(_ counters: DemoCounters, at now: Double, into reading: inout Reading) {
    var workloads = WorkloadsReading()
    workloads.instant = now
    workloads.all = groups.enumerated().map { index, group in
      var workload = WorkloadReading(names: group.names, serial: index + 1)
      func total(_ counters: [Double]) -> Double { group.processes.reduce(0) { $0 + counters[$1] } }
      var cpu = total(counters.processes) * 10_000
      let resident = group.processes.reduce(0) { $0 + DemoMachine.processes[$1].resident }
      let isBackup = group.names.name == "backup.service"
      if isBackup { cpu += endedCores * counters.seconds * 1e6 }
      workload.cpu = UInt64(cpu)
      workload.memory = UInt64(resident * 1.15)
      workload.inactiveFile = UInt64(resident * 0.1)
      workload.memoryPeak = UInt64(resident * 1.3)
      workload.swap = 0
      workload.oomKills = 0
      workload.readBytes = UInt64(total(counters.processReads))
      workload.writtenBytes = UInt64(total(counters.processWrites))
      // A mean request of 64 KiB.
      workload.reads = (workload.readBytes ?? 0) >> 16
      workload.writes = (workload.writtenBytes ?? 0) >> 16
      workload.restarts = 0
      workload.anonymous = UInt64(resident * 0.9)
      workload.cache = UInt64(resident * 0.25)
      workload.cpuStall = UInt64(cpu * 0.002)
      workload.memoryStall = 0
      workload.ioStall = UInt64(group.names.kind == .job ? counters.ioStall * 0.8 : 0)
      workload.tasks = group.processes.reduce(0) { $0 + UInt64(DemoMachine.processes[$1].threads) }
      if group.names.kind == .container {
        workload.cpuLimit = 16
        workload.periods = UInt64(counters.seconds * 10)
        workload.throttledPeriods = UInt64(counters.seconds * 0.4)
        workload.throttled = UInt64(counters.seconds * 6e3)
        workload.network = traffic(until: counters.seconds, at: now)
      }
      if group.names.kind == .job { workload.memoryLimit = 256 << 30 }
      return workload
    }
    reading.workloads = workloads
  }

  /// Requests to a model and its answers, over the last five seconds.
  private static func traffic(until seconds: Double, at now: Double) -> WorkloadTraffic {
    func counters(_ ago: Double) -> WorkloadTraffic.Counters {
      var counters = WorkloadTraffic.Counters(at: now - ago)
      let seconds = max(0, seconds - ago)
      (counters.receivedBytes, counters.sentBytes) = (UInt64(seconds * 180_000), UInt64(seconds * 2_400_000))
      counters.interface = "eth0"
      return counters
    }
    return WorkloadTraffic(counters(0), since: counters(5))
  }
}
