package import AgentMetrics

/// Sort keys of workloads, in descending order except for id.
package enum WorkloadOrder: String, CaseIterable, Sendable {
  case cpu, memory, io, gpu, pressure, tasks, id

  /// Sorts workloads: absent values last, equal ones by CPU, memory and id.
  package func sorted(_ workloads: [Workload]) -> [Workload] {
    if self == .id { return workloads.sorted { $0.id < $1.id } }
    return workloads.sorted { left, right in
      let (first, second) = (measure(left), measure(right))
      return first == second ? Workloads.precedes(left, right) : first > second
    }
  }

  private func measure(_ workload: Workload) -> Double {
    let value: Double =
      switch self {
      case .cpu: workload.cpu
      case .memory: workload.memory
      case .io: workload.ioRate
      case .gpu: Double(workload.gpu)
      case .pressure: workload.pressure
      case .tasks: Double(workload.tasks)
      case .id: 0
      }
    return value.isNaN ? -.infinity : value
  }
}
