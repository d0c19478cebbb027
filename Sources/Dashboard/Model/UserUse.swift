internal import AgentMetrics
internal import Query

/// The use by each user in one sample, as `/culprits?by=user` ranks a window: processes by their user, the rest of each
/// workload by its owner, ended processes included.
struct UserUse {
  private(set) var rows: [Workload] = []
  /// CPU time per second that is no user's, in CPUs; NaN where unknown.
  private(set) var unattributedCPU = Double.nan

  /// - Parameter processes: the processes at the sample's time, or those that are known.
  init(_ sample: Sample, _ processes: [Process]) {
    var sample = sample
    if sample.processes != nil || !processes.isEmpty {
      var all = sample.processes ?? Processes()
      all.top = processes
      sample.processes = all
    }
    // The use of one second at the rates of the sample; the age of a reading would add its time.
    sample.elapsed = 1
    sample.agent.sources = []
    var sum = CulpritSum(by: .user)
    sum.add(sample)
    var users: [String: Workload] = [:]
    for measure in CulpritMeasure.allCases {
      let ranking = sum.ranking(of: measure, limit: .max)
      for culprit in ranking.culprits where !culprit.name.isEmpty { users[culprit.name] = Workload(of: culprit) }
      if measure == .cpu, ranking.total.isFinite {
        let known = ranking.culprits.reduce(0) { $0 + ($1.name.isEmpty ? 0 : $1.cpu) }
        unattributedCPU = max(0, ranking.total - known)
      }
    }
    let shares = GPUShare.byProcess(of: sample.gpus)
    for process in processes where !process.user.isEmpty {
      var user = users[process.user] ?? Workload()
      (user.id, user.name) = (process.user, process.user)
      user.tasks = (user.tasks.isFinite ? user.tasks : 0) + 1
      Self.add(process.cpuTime, to: &user.cpuTotal)
      if let share = shares[process.pid] { Self.add(share.memory, to: &user.gpuMemory) }
      users[process.user] = user
    }
    rows = users.values.sorted { Workloads.precedes($0, $1) }
  }

  private static func add(_ value: Double, to sum: inout Double) {
    if value.isFinite { sum = sum.isFinite ? sum + value : value }
  }
}

extension Workload {
  /// A user's use within one second.
  fileprivate init(of user: Culprit) {
    self.init()
    (id, name) = (user.name, user.name)
    (cpu, memory, readRate, writeRate) = (user.cpu, user.memoryMean, user.read, user.written)
    (endedCPU, gpu, gpuPower) = (Float(user.endedCPU), Float(user.gpu), Float(user.energy))
  }
}
