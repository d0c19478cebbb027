internal import SystemIO

/// Services and workloads by the text of /proc/[pid]/cgroup, which most processes share with others.
struct ProcessGroups {
  /// The service in the process table, and the id of the workload.
  struct Group: Hashable {
    var service: String?
    var workload: String?
  }

  /// Maximum texts that are remembered; then all are forgotten.
  static let limit = 2_048

  private(set) var known: [String: Group] = [:]

  /// The service and the workload of a process.
  mutating func find(_ text: Span<UInt8>) -> Group {
    let key = text.string(0..<text.count)
    if let group = known[key] { return group }
    let group = Group(service: ServiceName.find(in: text), workload: WorkloadPath.find(in: text)?.id)
    if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
    known[key] = group
    return group
  }
}
