internal import AgentMetrics

/// The workload or the processes of one name that use most of a resource.
struct Culprit {
  /// In words: "java ×3", "python3 train.py (service batch.service)", "session 3 of ann".
  let text: String
  let amount: Double

  /// The group with the highest use; nil where none uses anything.
  ///
  /// Processes of one name are the answer where they explain most of a workload's use; else the workload is: its
  /// processes are many, or have ended.
  init?(_ sample: Sample, _ use: (Process) -> Double, of workloadUse: (Workload) -> Double) {
    let processes = ProcessGroup.heaviest(in: sample.processes?.top ?? [], by: use)
    let workload = (sample.workloads?.top ?? []).filter { !$0.isGroup && workloadUse($0) > 0 }
      .max { (workloadUse($0), $1.id) < (workloadUse($1), $0.id) }
    if let workload, workloadUse(workload) > 1.5 * (processes?.amount ?? 0) {
      amount = workloadUse(workload)
      let isShort = Double(workload.endedCPU) > 0.5 * workload.cpu
      text = Self.text(of: workload) + (isShort ? " in short-lived processes" + Self.names(of: workload, sample) : "")
      return
    }
    guard let processes else { return nil }
    amount = processes.amount
    text = processes.text
  }

  /// The ended processes of a workload that used the most CPU time, " (cc1 ×812)"; empty where unknown.
  private static func names(of workload: Workload, _ sample: Sample) -> String {
    guard let ended = sample.processes?.ended.first(where: { $0.workload == workload.id }) else { return "" }
    return " (" + ended.name + " ×" + ended.count.fixed(0) + ")"
  }

  /// The same at the beginning of a sentence.
  static func title(of workload: Workload) -> String {
    let text = text(of: workload)
    return text.prefix(1).uppercased() + text.dropFirst()
  }

  /// "container web", "session 3 of ann", "job 4711 of ann".
  static func text(of workload: Workload) -> String {
    if workload.isRemainder { return "workloads that " + workload.name }
    let kind = workload.kind == .other ? "group" : workload.kind == .user ? "user service" : workload.kind.rawValue
    return kind + " " + workload.name + (workload.user.map { workload.kind == .service ? "" : " of " + $0 } ?? "")
  }
}

extension Workload {
  /// "container web", "session 3", "ssh.service": its kind and name; the name alone where it says the kind.
  package var title: String {
    let isUnit = [".service", ".scope", ".slice", ".socket", ".timer", ".mount"].contains { name.hasSuffix($0) }
    if isRemainder { return "workloads that " + name }
    if isUnit { return name }
    let word = kind == .other ? "group" : kind == .user ? "user service" : kind.rawValue
    return word + " " + name
  }
}

/// Processes of one name in one service, container or session.
private struct ProcessGroup {
  private let name: String
  private let place: String?
  private let commands: Set<String>
  private let count: Int
  let amount: Double

  static func heaviest(in processes: [Process], by use: (Process) -> Double) -> ProcessGroup? {
    var groups: [[String]: [Process]] = [:]
    for process in processes where use(process) > 0 {
      groups[[process.name, process.service ?? ""], default: []].append(process)
    }
    // By name among equals, so that the sentence does not change.
    let sums = groups.map { (key: $0, amount: $1.reduce(0) { $0 + use($1) }, all: $1) }
    guard let most = sums.max(by: { ($0.amount, $1.key[0], $1.key[1]) < ($1.amount, $0.key[0], $0.key[1]) }) else {
      return nil
    }
    return ProcessGroup(
      name: most.key[0], place: most.key[1], commands: Set(most.all.compactMap(\.command)), count: most.all.count,
      amount: most.amount)
  }

  /// The command where all have the same one: it says more than the name, as the service does.
  var text: String {
    var text = name
    if commands.count == 1, let command = commands.first {
      text = command.count <= 48 ? command : command.prefix(47) + "…"
    }
    if count > 1 { text += " ×\(count)" }
    guard let place, !place.isEmpty, place != name else { return text }
    return text + " (" + place + ")"
  }
}
