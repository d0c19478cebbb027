internal import AgentMetrics

/// Signals and priorities of the shown machine's processes; each function returns a note for the user.
struct ProcessActions {
  /// The processes of the signal dialog.
  private var held: [Int32: ProcessControl.SendSignal] = [:]

  /// Holds the processes of the signal dialog before the choice of a signal, so that the confirmed ones receive it.
  ///
  /// - Returns: nil, or the reason that one cannot be held.
  mutating func hold(_ processes: [Process], _ control: ProcessControl?) -> String? {
    guard let control else { return nil }
    held = [:]
    for process in processes {
      switch control.hold(process.pid, process.start) {
      case .success(let send): held[process.pid] = send
      case .failure(let refusal):
        return "no signal sent to " + String(process.pid) + ": " + refusal.description
      }
    }
    return nil
  }

  /// Releases the processes of a closed dialog.
  mutating func release() { held = [:] }

  func send(_ signal: SignalChoice, to pid: Int32, _ control: ProcessControl?) -> String {
    guard control != nil else { return "read-only: signals are disabled" }
    guard held[pid] != nil else { return "no signal sent to " + String(pid) }
    let failures = held.sorted { $0.key < $1.key }.compactMap { pid, send in
      send(signal.number).map { signal.name + " to " + String(pid) + " not sent: " + $0 }
    }
    return Self.summary(failures) ?? signal.name + " to " + Self.count(held.count, first: pid) + " sent"
  }

  /// Adds a step to the nice values of processes.
  static func renice(_ processes: [Process], by step: Int, _ control: ProcessControl?) -> String {
    guard let renice = control?.renice else { return "nice values are not changed here" }
    let failures = processes.compactMap { process -> String? in
      let reason = renice(process.pid, process.start, Int32(nice(of: process, plus: step)))
      return reason.map { "nice value of " + text(process) + " not changed: " + $0 }
    }
    if let summary = summary(failures) { return summary }
    guard let first = processes.first, processes.count == 1 else {
      return "nice values of " + count(processes.count, first: 0) + " changed by " + String(step)
    }
    return "nice value of " + text(first) + ": " + TextFormat.fixed(first.nice, 0) + " to "
      + String(nice(of: first, plus: step))
  }

  private static func nice(of process: Process, plus step: Int) -> Int {
    min(19, max(-20, TextFormat.whole(process.nice) + step))
  }

  /// Sets the I/O priority of processes.
  static func setIOPriority(_ priority: IOPriority, of processes: [Process], _ control: ProcessControl?) -> String {
    guard let set = control?.setIOPriority else { return IOPriority.isNotSupported }
    let failures = processes.compactMap { process in
      set(process.pid, process.start, priority.number).map {
        "I/O priority of " + text(process) + " not changed: " + $0
      }
    }
    if let summary = summary(failures) { return summary }
    let subject = processes.count == 1 ? processes.first.map(text) ?? "" : count(processes.count, first: 0)
    return "I/O priority of " + subject + ": " + priority.name
  }

  private static func text(_ process: Process) -> String { String(process.pid) + " (" + process.name + ")" }

  private static func count(_ count: Int, first pid: Int32) -> String {
    count == 1 ? String(pid) : String(count) + " processes"
  }

  /// The first failure and the number of others; nil without any.
  private static func summary(_ failures: [String]) -> String? {
    failures.first.map {
      $0 + (failures.count > 1 ? ", and " + TextFormat.counted(Double(failures.count - 1), "other", "others") : "")
    }
  }
}
