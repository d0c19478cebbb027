public import AgentMetrics
internal import Collect
internal import Synchronization
internal import SystemIO

/// The whole table of processes, made when asked for.
///
/// Rates are taken since the last time that somebody asked, when that is between a quarter of a second and ten seconds
/// ago; else over a quarter of a second now. Who asks while a table is being made gets that one. It is made on a thread
/// of its own, since reading a command line waits for the process's memory lock, which a hung process may hold.
public final class ProcessTable: Sendable {
  /// Why there is no table.
  public struct Failure: Error, CustomStringConvertible {
    /// One line.
    public let description: String
  }

  /// Seconds after which those who wait are told that there is no answer.
  static let patience = 5.0

  private typealias Answer = Result<(Timestamp, [Process]), Failure>

  private struct State {
    var isWorking = false
    var nextWaiter = 0
    var waiters: [Int: CheckedContinuation<(Timestamp, [Process]), any Error>] = [:]
  }

  private let state = Mutex(State())
  private let worker: Condition<Worker>

  /// The processes of the machine whose /proc lies under `root`.
  public init(root: String) {
    worker = Condition(Worker(root: root))
  }

  /// The moment of the table, and its processes by ascending pid.
  ///
  /// - Throws: Failure where /proc cannot be listed, or where no answer comes.
  public func read() async throws -> (Timestamp, [Process]) {
    try await withCheckedThrowingContinuation { continuation in
      let (waiter, begins) = state.withLock { state in
        state.nextWaiter += 1
        state.waiters[state.nextWaiter] = continuation
        defer { state.isWorking = true }
        return (state.nextWaiter, !state.isWorking)
      }
      if begins, !Thread.start("processes", { self.work() }) {
        finish(.failure(Failure(description: "no thread to read the processes on")))
      }
      Task {
        try? await Task.sleep(for: .seconds(Self.patience))
        let continuation = state.withLock { $0.waiters.removeValue(forKey: waiter) }
        continuation?.resume(throwing: Failure(description: "no answer from /proc for \(Int(Self.patience)) s"))
      }
    }
  }

  private func work() {
    finish(
      worker.update { worker in
        do { return .success(try worker.table()) } catch { return .failure(Failure(description: "\(error)")) }
      })
  }

  private func finish(_ answer: Answer) {
    let waiters = state.withLock { state in
      defer { state.waiters = [:] }
      state.isWorking = false
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume(with: answer) }
  }
}

/// What makes the tables; used by one thread at a time.
private struct Worker {
  private static let shortest = 0.25
  private static let longest = 10.0

  private let root: String
  private let scanner: ProcessScanner
  private let secondsPerTick = 1 / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  private var instant = -Double.infinity

  init(root: String) {
    self.root = root
    scanner = ProcessScanner(root: root)
  }

  mutating func table() throws(CollectorError) -> (Timestamp, [Process]) {
    var waited = Clock.boottime - instant
    if waited > Self.longest {
      instant = Clock.boottime
      _ = try scanner.scan()
      waited = 0
    }
    if waited < Self.shortest { usleep(UInt32((Self.shortest - waited) * 1e6)) }
    let before = scanner.last
    let start = instant
    instant = Clock.boottime
    let timestamp = Timestamp(seconds: Clock.realtime)
    let now = try scanner.scan()
    // A recording stands still, and nobody knows what its processes do.
    let isRecording = !root.isEmpty && now == before
    let elapsed = Elapsed(seconds: isRecording ? .nan : instant - start)
    var cursor = 0
    let table = now.map { process in
      while cursor < before.count, before[cursor].pid < process.pid { cursor += 1 }
      let isSame = cursor < before.count && before[cursor].pid == process.pid && before[cursor].start == process.start
      var row = Process(
        from: isSame ? before[cursor] : nil, to: process, over: elapsed, secondsPerTick: secondsPerTick)
      row.command = scanner.command(of: process.pid)
      return row
    }
    return (timestamp, table)
  }
}
