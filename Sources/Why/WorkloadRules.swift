internal import AgentMetrics

extension WhyRule {
  /// A workload's CPU limit, or that of the agent's own group, stops it in many periods.
  static let groupThrottled = WhyRule(name: "cpu-limit") { situation in
    let throttled = workloads(situation) { $0.throttled > 0.25 }.max { ($0.throttled, $1.id) < ($1.throttled, $0.id) }
    if let throttled {
      let share = Double(throttled.throttled)
      var text = Culprit.title(of: throttled) + " is throttled in " + ValueText.percent(share) + " of the periods"
      if throttled.cpuLimit.isFinite {
        text += " by its limit of " + ValueText.tenths(Double(throttled.cpuLimit)) + " CPUs"
      }
      return (text, [evidence("throttled", of: throttled, share)])
    }
    guard let group = situation.sample.cgroup, group.throttled > 0.25 else { return nil }
    return (
      "The container's limit of " + ValueText.tenths(group.cpuLimit) + " CPUs throttled it in "
        + ValueText.percent(group.throttled) + " of the periods",
      [
        Finding.Evidence(metric: "cgroup.throttled", value: group.throttled),
        Finding.Evidence(metric: "cgroup.cpu_limit_cores", value: group.cpuLimit),
      ]
    )
  }

  /// A workload, or the agent's own group, is at its memory limit, and its tasks wait for memory.
  static let groupMemory = WhyRule(name: "memory-limit") { situation in
    let full = workloads(situation) { $0.memoryUsage > 0.97 && $0.memoryPressure > 0.05 }
      .max { ($0.memoryPressure, $1.id) < ($1.memoryPressure, $0.id) }
    if let full {
      return (
        Culprit.title(of: full) + " uses " + ValueText.percent(full.memoryUsage) + " of its "
          + ValueText.bytes(full.memoryLimit) + " of memory, its tasks waited for it "
          + ValueText.percent(Double(full.memoryPressure)) + " of the time",
        [evidence("memory_bytes", of: full, full.memory)]
      )
    }
    guard let group = situation.sample.cgroup, group.memoryUsage > 0.97, group.memoryLimit.isFinite else { return nil }
    let some = situation.sample.stalled(situation.sample.pressure?.memory?.some)
    guard some > 0.05 else { return nil }
    return (
      "The container uses " + ValueText.percent(group.memoryUsage) + " of its " + ValueText.bytes(group.memoryLimit)
        + " of memory, tasks waited for it " + ValueText.percent(some) + " of the time",
      [Finding.Evidence(metric: "cgroup.memory_usage", value: group.memoryUsage)]
    )
  }

  private static func workloads(_ situation: Situation, where isWanted: (Workload) -> Bool) -> [Workload] {
    (situation.sample.workloads?.top ?? []).filter { !$0.isGroup && isWanted($0) }
  }

  private static func evidence(_ name: String, of workload: Workload, _ value: Double) -> Finding.Evidence {
    Finding.Evidence(metric: "workloads.top.\(name){workload=\"\(workload.id)\"}", value: value)
  }
}
