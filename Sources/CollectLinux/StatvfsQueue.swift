internal import Collect
internal import SystemIO

/// Reads the space of filesystems on a thread of its own, each with a deadline.
///
/// One thread reads them in turn. If a call does not return (a dead NFS server), ``wait(atMost:)`` abandons that thread
/// and starts another for the rest, so that a hanging filesystem does not delay the others. It is not read again until
/// its call returns, so the number of threads is at most one more than that of hanging filesystems.
final class StatvfsQueue: Sendable {
  /// Reads one filesystem by its mount point; may never return.
  typealias StatvfsCall = @Sendable (String) throws -> FilesystemStatistics

  /// A filesystem, identified with its device since another one may be mounted at the same path while a call hangs.
  struct Target: Hashable, Sendable {
    var mountpoint: String
    var device: String
  }

  /// Last result of a filesystem.
  struct StatvfsResult: Sendable {
    /// The last successful result; nil before the first.
    var statistics: FilesystemStatistics?
    /// Time of that result.
    var instant = Double.nan
    /// Error since then.
    var error: String?
  }

  /// Results, and the start times of pending calls.
  struct Snapshot: Sendable {
    var answers: [Target: StatvfsResult] = [:]
    var asking: [Target: Double] = [:]
    /// Incremented whenever `answers` changes.
    var version = 0
  }

  private struct State: Sendable {
    var snapshot = Snapshot()
    /// Filesystems still to be read, the next one last.
    var pending: [Target] = []
    /// Id of the active thread; older ones have been abandoned.
    var worker = 0
    var isWorking = false
    /// Start of its current call.
    var beganAt = 0.0

    mutating func record(_ result: Result<FilesystemStatistics, any Error>, of target: Target, at instant: Double) {
      switch result {
      case .success(let statistics):
        snapshot.answers[target] = StatvfsResult(statistics: statistics, instant: instant, error: nil)
      case .failure(let error as SystemError):
        // The call and its path are clear from the context in which it is shown.
        snapshot.answers[target, default: StatvfsResult()].error = String(cString: strerror(error.code))
      case .failure(let error):
        snapshot.answers[target, default: StatvfsResult()].error = String(describing: error)
      }
      snapshot.version &+= 1
    }
  }

  private let state = Condition(State())
  private let question: StatvfsCall
  private let now: @Sendable () -> Double
  private let patience: Double

  /// Creates an empty queue.
  ///
  /// - Parameters:
  ///   - patience: seconds after which a call is left to its thread.
  ///   - now: the clock for ages.
  init(patience: Double, now: @escaping @Sendable () -> Double, question: @escaping StatvfsCall) {
    self.patience = patience
    self.now = now
    self.question = question
  }

  /// Queues the targets in their order, except those with pending calls, and drops all others; does not block.
  func ask(_ targets: [Target]) {
    let starts = state.update { state in
      let wanted = Set(targets)
      state.snapshot.answers = state.snapshot.answers.filter { wanted.contains($0.key) }
      state.snapshot.version &+= 1
      state.pending = targets.reversed().filter { state.snapshot.asking[$0] == nil }
      return Self.begin(&state)
    }
    if let starts { start(starts) }
  }

  /// Reads the targets on the caller's thread, for calls that cannot hang.
  func askHere(_ targets: [Target]) {
    state.update { state in
      state.snapshot.answers = [:]
      state.snapshot.version &+= 1
      for target in targets { state.record(Result { try question(target.mountpoint) }, of: target, at: now()) }
    }
  }

  /// Waits until every target was read or left to a hanging thread, for at most `seconds`; returns immediately if the
  /// queue is empty.
  func wait(atMost seconds: Double) {
    let end = Clock.monotonic + seconds
    while state.wait(atMost: min(patience, end - Clock.monotonic), { $0.isWorking ? nil : true }) == nil {
      let starts = state.update { state -> Int? in
        guard state.isWorking, Clock.monotonic - state.beganAt >= patience else { return nil }
        state.worker &+= 1
        state.isWorking = false
        return Self.begin(&state)
      }
      if let starts { start(starts) }
      if Clock.monotonic >= end { return }
    }
  }

  /// Whether results changed since a version, or a call is pending, whose age increases.
  func hasNews(since version: Int) -> Bool {
    state.withState { $0.snapshot.version != version || !$0.snapshot.asking.isEmpty }
  }

  /// The current results.
  var snapshot: Snapshot {
    state.withState { $0.snapshot }
  }

  /// Returns the id of a new thread for the pending targets; nil if none are pending or a thread is active.
  private static func begin(_ state: inout State) -> Int? {
    guard !state.isWorking, !state.pending.isEmpty else { return nil }
    state.isWorking = true
    state.beganAt = Clock.monotonic
    state.worker &+= 1
    return state.worker
  }

  private func start(_ worker: Int) {
    if Thread.start("statvfs", { self.work(worker) }) { return }
    state.update { state in
      guard state.worker == worker else { return }
      state.isWorking = false
      for target in state.pending {
        state.snapshot.answers[target, default: StatvfsResult()].error = "no thread to ask on"
      }
      state.pending = []
      state.snapshot.version &+= 1
    }
  }

  private func work(_ worker: Int) {
    while let target = next(worker) {
      let result = Result { try question(target.mountpoint) }
      let instant = now()
      state.update { state in
        state.snapshot.asking[target] = nil
        state.record(result, of: target, at: instant)
      }
    }
  }

  /// The next target for a thread; nil if the thread has been abandoned or none are left.
  private func next(_ worker: Int) -> Target? {
    state.update { state in
      guard state.worker == worker else { return nil }
      guard let target = state.pending.popLast() else {
        state.isWorking = false
        return nil
      }
      state.snapshot.asking[target] = now()
      state.beganAt = Clock.monotonic
      return target
    }
  }
}
