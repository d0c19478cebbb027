internal import AgentMetrics

/// Processes of one name, or of one service, that use most of a resource.
struct Culprit {
  let name: String
  /// Number of its processes.
  let count: Int
  let amount: Double
  /// Its part of all processes' use that the sample knows.
  let share: Double

  /// "java ×3".
  var text: String { count > 1 ? "\(name) ×\(count)" : name }

  /// The group of processes with the highest use; nil where none uses anything.
  init?(_ sample: Sample, _ use: (Process) -> Double) {
    var groups: [String: (count: Int, amount: Double)] = [:]
    var total = 0.0
    for process in sample.processes?.top ?? [] {
      let amount = use(process)
      guard amount.isFinite, amount > 0 else { continue }
      total += amount
      let group = groups[Self.name(of: process)] ?? (0, 0)
      groups[Self.name(of: process)] = (group.count + 1, group.amount + amount)
    }
    // By name among equals, so that the sentence does not change.
    guard let most = groups.max(by: { ($0.value.amount, $1.key) < ($1.value.amount, $0.key) }) else { return nil }
    name = most.key
    count = most.value.count
    amount = most.value.amount
    share = amount / total
  }

  /// The service or container where there is one: its name says more than the program's.
  private static func name(of process: Process) -> String {
    guard let service = process.service, !service.isEmpty, service != process.name else { return process.name }
    return process.name + " (" + service + ")"
  }
}
