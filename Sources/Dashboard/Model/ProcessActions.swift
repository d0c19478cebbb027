internal import AgentMetrics

/// Signals and priorities of the shown machine's processes; each function returns a note for the user.
struct ProcessActions {
  /// A process of the signal dialog, and the function that sends it a signal, or the reason of a refusal.
  private struct Held {
    let process: Process
    let send: Result<ProcessControl.SendSignal, SignalRefusal>
  }

  /// The processes of the signal dialog.
  private var held: [Held] = []

  /// Holds the processes of the signal dialog before the choice of a signal, so that the confirmed ones receive it.
  ///
  /// - Returns: nil, or the reason that none can be held.
  mutating func hold(_ processes: [Process], _ control: ProcessControl?) -> String? {
    guard let control else { return nil }
    held = processes.map { Held(process: $0, send: control.hold($0.pid, $0.start)) }
    let refusals = held.compactMap { held -> Refusal? in
      guard case .failure(let refusal) = held.send else { return nil }
      return Refusal(process: held.process, reason: refusal.description)
    }
    guard let first = refusals.first, refusals.count == held.count else { return nil }
    held = []
    return "no signal sent to " + String(first.process.pid) + ": " + first.reason
  }

  /// Releases the processes of a closed dialog.
  mutating func release() { held = [] }

  func send(_ signal: SignalChoice, to pid: Int32, _ control: ProcessControl?) -> String {
    guard control != nil else { return "read-only: signals are disabled" }
    guard held.contains(where: { $0.process.pid == pid }) else { return "no signal sent to " + String(pid) }
    let refusals = held.compactMap { held -> Refusal? in
      switch held.send {
      case .success(let send): send(signal.number).map { Refusal(process: held.process, reason: $0) }
      case .failure(let refusal): Refusal(process: held.process, reason: refusal.description)
      }
    }
    if let refusal = refusals.first, held.count == 1 {
      return signal.name + " to " + String(pid) + " not sent: " + refusal.reason
    }
    return Self.summary(refusals, of: held.count, before: signal.name + " sent to ")
      ?? signal.name + " to " + Self.count(held.count, first: pid) + " sent"
  }

  /// A nice value that was set, while the list has the one before it.
  private struct ChangedNice {
    let start: Double
    let listed: Double
    let value: Int
  }

  private var changed: [Int32: ChangedNice] = [:]

  /// Forgets the nice values that a newer list has.
  mutating func update(_ processes: [Process]) {
    guard !changed.isEmpty else { return }
    let listed = Dictionary(processes.map { ($0.pid, $0.nice) }) { first, _ in first }
    changed = changed.filter { listed[$0.key] == $0.value.listed }
  }

  /// Adds a step to the nice values of processes; to those set before, where the list is older.
  mutating func renice(_ processes: [Process], by step: Int, _ control: ProcessControl?) -> String {
    guard let renice = control?.renice else { return "nice values are not changed here" }
    let before = processes.map(nice)
    var refusals: [Refusal] = []
    for (process, before) in zip(processes, before) {
      let value = Self.limited(before + step)
      if let reason = renice(process.pid, process.start, Int32(value)) {
        refusals.append(Refusal(process: process, reason: reason))
      } else {
        changed[process.pid] = ChangedNice(start: process.start, listed: process.nice, value: value)
      }
    }
    if let refusal = refusals.first, processes.count == 1 {
      return "nice value of " + Self.text(refusal.process) + " not changed: " + refusal.reason
    }
    if let summary = Self.summary(refusals, of: processes.count, after: " nice values changed") { return summary }
    guard let first = processes.first, processes.count == 1 else {
      return "nice values of " + Self.count(processes.count, first: 0) + " changed by " + String(step)
    }
    return "nice value of " + Self.text(first) + ": " + String(before[0]) + " to "
      + String(Self.limited(before[0] + step))
  }

  private func nice(of process: Process) -> Int {
    if let known = changed[process.pid], known.start == process.start, known.listed == process.nice {
      return known.value
    }
    return TextFormat.whole(process.nice)
  }

  private static func limited(_ nice: Int) -> Int { min(19, max(-20, nice)) }

  /// Sets the I/O priority of processes.
  static func setIOPriority(_ priority: IOPriority, of processes: [Process], _ control: ProcessControl?) -> String {
    guard let set = control?.setIOPriority else { return IOPriority.isNotSupported }
    let refusals = processes.compactMap { process in
      set(process.pid, process.start, priority.number).map { Refusal(process: process, reason: $0) }
    }
    if let refusal = refusals.first, processes.count == 1 {
      return "I/O priority of " + text(refusal.process) + " not changed: " + refusal.reason
    }
    if let summary = summary(refusals, of: processes.count, after: " I/O priorities changed") { return summary }
    let subject = processes.count == 1 ? processes.first.map(text) ?? "" : count(processes.count, first: 0)
    return "I/O priority of " + subject + ": " + priority.name
  }

  private static func text(_ process: Process) -> String { String(process.pid) + " (" + process.name + ")" }

  private static func count(_ count: Int, first pid: Int32) -> String {
    count == 1 ? String(pid) : String(count) + " processes"
  }

  /// A process that an action did not change, and the reason.
  private struct Refusal {
    let process: Process
    let reason: String
  }

  /// The number of changed processes and the first refusal; nil without any.
  private static func summary(
    _ refusals: [Refusal], of count: Int, before: String = "", after: String = ""
  ) -> String? {
    refusals.first.map { first in
      let others = refusals.count > 1 ? String(refusals.count) + " refused, the first: " : ""
      let changed = before + String(count - refusals.count) + " of " + String(count) + after
      return changed + "; " + others + text(first.process) + ": " + first.reason
    }
  }
}
