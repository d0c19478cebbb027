internal import AgentMetrics
internal import SystemIO

/// Command lines of processes, read on a thread of their own and cached while the processes run.
///
/// A read waits for the process's memory lock, which a hung process may hold; neither the sampler nor a screen may wait
/// for it.
final class CommandLines: Sendable {
  /// Seconds after which a read counts as stuck; its process is skipped from then on.
  private static let patience = 1.0
  /// Maximum number of stuck threads.
  private static let maxStuck = 4
  /// Maximum bytes in all; beyond them each new command line is truncated.
  private static let maxBytes = 8 << 20
  private static let cutLength = 200

  private struct Known {
    let start: Double
    let name: String
    let text: String?
    let readAt: Double
  }

  private struct State {
    var known: [Int32: Known] = [:]
    var bytes = 0
    var queue: [Process] = []
    /// Number of the reading thread; its successor has another one.
    var worker = 0
    var isReading = false
    /// Process whose command line is being read, and the start of the read.
    var current: (process: Process, since: Double)?
    var stuck = 0

    mutating func keep(_ text: String?, of process: Process) {
      var text = text
      if bytes > CommandLines.maxBytes, let long = text { text = String(long.prefix(CommandLines.cutLength)) }
      bytes += (text?.utf8.count ?? 0) - (known[process.pid]?.text?.utf8.count ?? 0)
      known[process.pid] = Known(start: process.start, name: process.name, text: text, readAt: Clock.monotonic)
    }
  }

  private let state = Condition(State())
  private let read: @Sendable (Int32) -> String?
  /// Seconds after which a command line is read again: running programs write titles into it.
  private let lifetime: Double

  init(lifetime: Double = 30, _ read: @escaping @Sendable (Int32) -> String?) {
    self.lifetime = lifetime
    self.read = read
  }

  /// Writes the command lines of all processes, after waiting at most `seconds` for unknown ones.
  func fill(_ processes: inout [Process], waiting seconds: Double) {
    let (unknown, old) = write(into: &processes)
    guard !unknown.isEmpty || !old.isEmpty, start(unknown + old), !unknown.isEmpty else { return }
    let _: Bool? = state.wait(atMost: seconds) { $0.isReading ? nil : true }
    // Lines read in time are shown, even if one process delays the rest.
    _ = write(into: &processes)
  }

  /// Writes the known command lines; returns the processes with unknown ones, and those to read again.
  private func write(into processes: inout [Process]) -> (unknown: [Process], old: [Process]) {
    let now = Clock.monotonic
    return state.withState { state in
      var (unknown, old): ([Process], [Process]) = ([], [])
      var isDue = false
      for index in processes.indices where !processes[index].isKernelThread {
        let process = processes[index]
        guard let known = state.known[process.pid], known.start == process.start else {
          unknown.append(process)
          continue
        }
        guard known.name == process.name else {
          unknown.append(process)
          continue
        }
        processes[index].command = known.text
        guard process.cpu > 0 else { continue }
        // Several at a time cost one thread.
        if now - known.readAt > lifetime / 2 { old.append(process) }
        if now - known.readAt > lifetime { isDue = true }
      }
      if !isDue { old = [] }
      // Command lines of ended processes are dropped when they are the majority.
      if state.known.count > 2 * processes.count + 64 {
        let running = Set(processes.map(\.pid))
        state.known = state.known.filter { running.contains($0.key) }
        state.bytes = state.known.values.reduce(0) { $0 + ($1.text?.utf8.count ?? 0) }
      }
      return (unknown, old)
    }
  }

  /// Reads command lines on a thread; false where all threads are stuck.
  private func start(_ processes: [Process]) -> Bool {
    let worker: Int? = state.withState { state in
      let now = Clock.monotonic
      if state.isReading {
        guard let current = state.current, now - current.since > Self.patience else {
          // The next table requests them again.
          return nil
        }
        guard state.stuck < Self.maxStuck else { return nil }
        state.stuck += 1
        state.keep(nil, of: current.process)
      }
      state.worker += 1
      state.isReading = true
      state.current = nil
      state.queue = processes
      return state.worker
    }
    guard let worker else { return state.withState { $0.stuck < Self.maxStuck } }
    let isStarted = Thread.start("commands") { [self] in work(worker) }
    if !isStarted { state.update { $0.isReading = false } }
    return isStarted
  }

  private func work(_ worker: Int) {
    while true {
      let process: Process? = state.withState { state in
        guard state.worker == worker else {
          // Another thread took over while this one was stuck.
          state.stuck -= 1
          return nil
        }
        state.current = state.queue.popLast().map { ($0, Clock.monotonic) }
        return state.current?.process
      }
      guard let process else { break }
      let text = read(process.pid)
      state.withState { state in
        if state.worker == worker { state.keep(text, of: process) }
      }
    }
    state.update { state in
      if state.worker == worker { state.isReading = false }
    }
  }
}
