internal import AgentMetrics
internal import SampleStore
internal import SystemIO

/// Reads the process table of the shown host and the details of one process while the screen goes on.
final class ProcessFetcher {
  /// Table of another agent and the monotonic time of its arrival.
  private struct RemoteTable {
    let snapshot: ProcessSnapshot
    let at: Double
  }

  private let table = Fetcher<RemoteTable>()
  /// Table of the newest sample of this process's sampler, and the sample.
  private var local: (entry: History.Entry, snapshot: ProcessSnapshot)?
  private let details = Fetcher<ProcessDetails>()
  private let memory = Fetcher<[Int32: ProcessMemory]>()
  /// CPU use of the process whose details are shown.
  private var cpu: (pid: Int32, points: [(time: Double, cpu: Double)]) = (0, [])
  /// The same process as it was last listed.
  private var last: Process?

  /// Whether a table should arrive soon.
  var isTableAwaited: Bool { table.isAwaited }

  /// Returns the table of the newest sample; nil if it is unknown or there is no source.
  func newestTable(_ source: ProcessSource?, host: Int, _ entries: [History.Entry]) -> ProcessSnapshot? {
    switch source {
    case nil:
      local = nil
      return nil
    case .remote:
      guard let answer = table.value(key: host) else { return nil }
      var snapshot = answer.snapshot
      snapshot.age += Clock.monotonic - answer.at
      return snapshot
    case .local(let read):
      if let entry = entries.last, entry !== local?.entry, let snapshot = read(entry) { local = (entry, snapshot) }
      return local?.snapshot
    }
  }

  /// Asks another agent for its table, unless an answer is on its way or fresh enough.
  func fetchTable(
    of host: Int, interval: Double, _ wake: @escaping @Sendable () -> Void,
    _ read: @escaping @Sendable () async throws -> ProcessSnapshot
  ) {
    guard table.begin(key: host, interval: interval, now: Clock.monotonic) else { return }
    Task.detached { [table] in
      let start = Clock.monotonic
      let answer = try? await read()
      let now = Clock.monotonic
      table.end(key: host, answer.map { RemoteTable(snapshot: $0, at: now) }, duration: now - start)
      wake()
    }
  }

  /// Reads the details of a process once a second.
  func fetchDetails(
    of pid: Int32, _ wake: @escaping @Sendable () -> Void, _ read: @escaping @Sendable (Int32) -> ProcessDetails?
  ) {
    guard details.begin(key: Int(pid), interval: 1, now: Clock.monotonic) else { return }
    // On a thread of its own: a process that hangs may hold its memory lock for long.
    let isStarted = Thread.start("details") { [details] in
      let start = Clock.monotonic
      details.end(key: Int(pid), read(pid), duration: Clock.monotonic - start)
      wake()
    }
    if !isStarted { details.end(key: Int(pid), nil, duration: 0) }
  }

  /// Reads memory that scans do not read.
  func fetchMemory(
    of pids: [Int32], _ parts: ProcessMemory.Parts, host: Int, _ wake: @escaping @Sendable () -> Void,
    _ source: MemorySource
  ) {
    guard memory.begin(key: host, interval: 1, now: Clock.monotonic) else { return }
    let read: ProcessMemory.Read
    switch source {
    case .local(let function): read = function
    case .remote(let function):
      Task.detached { [memory] in
        let start = Clock.monotonic
        memory.end(key: host, try? await function(pids, parts), duration: Clock.monotonic - start)
        wake()
      }
      return
    }
    // On a thread of its own: a process that hangs may hold its memory lock for long.
    let isStarted = Thread.start("memory") { [memory] in
      let start = Clock.monotonic
      memory.end(key: host, read(pids, parts), duration: Clock.monotonic - start)
      wake()
    }
    if !isStarted { memory.end(key: host, nil, duration: 0) }
  }

  /// The memory of the last read.
  func newestMemory(host: Int) -> [Int32: ProcessMemory] { memory.value(key: host) ?? [:] }

  /// Collects the CPU use of a process from the lists of the samples, then from the tables; nil forgets it.
  func followCPU(of pid: Int32?, _ entries: [History.Entry], _ processes: [Process]?, now: Double) {
    guard let pid else {
      (cpu, last) = ((0, []), nil)
      return
    }
    if cpu.pid != pid {
      (cpu, last) = ((pid, []), nil)
      for entry in entries {
        guard let process = entry.sample.processes?.top.first(where: { $0.pid == pid }) else { continue }
        cpu.points.append((entry.sample.timestamp.seconds, process.cpu))
      }
    }
    guard let process = processes?.first(where: { $0.pid == pid }) else { return }
    last = process
    guard process.cpu.isFinite else { return }
    if now - (cpu.points.last?.time ?? 0) >= 0.9 { cpu.points.append((now, process.cpu)) }
    if cpu.points.count > 2_000 { cpu.points.removeFirst(1_000) }
  }

  /// Adds the details and CPU use of the process with open details.
  func addDetails(of pid: Int32, to input: inout ScreenInput) {
    input.details = details.value(key: Int(pid))
    if cpu.pid == pid { (input.spark, input.lastProcess) = (cpu.points, last) }
  }
}
