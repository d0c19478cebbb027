internal import Collect
internal import SystemIO

/// Asks filesystems for their space on a thread of its own, each behind a deadline.
///
/// One thread asks one after the other. Where a call does not come back (a dead NFS server), ``wait(atMost:)`` gives that
/// thread up to it and starts another for the rest, so that a filesystem that hangs delays no other. It is not asked again
/// until its call returns; so there are never more threads than filesystems that hang, and one.
final class StatvfsQueue: Sendable {
  /// Asks one filesystem by its mount point; may never return.
  typealias StatvfsCall = @Sendable (String) throws -> FilesystemStatistics

  /// A filesystem: at the same place another one may be mounted while a call hangs.
  struct Target: Hashable, Sendable {
    var mountpoint: String
    var device: String
  }

  /// What a filesystem last said.
  struct StatvfsResult: Sendable {
    /// The last good answer; nil before the first.
    var statistics: FilesystemStatistics?
    /// When it came.
    var instant = Double.nan
    /// What went wrong since.
    var error: String?
  }

  /// Answers, and whose calls are under way since when.
  struct Snapshot: Sendable {
    var answers: [Target: StatvfsResult] = [:]
    var asking: [Target: Double] = [:]
    /// Changes whenever `answers` does.
    var version = 0
  }

  private struct State: Sendable {
    var snapshot = Snapshot()
    /// What is still to be asked, the next one last.
    var pending: [Target] = []
    /// The thread that works on; older ones have been given up.
    var worker = 0
    var isWorking = false
    /// When it began its present question.
    var beganAt = 0.0

    mutating func record(_ result: Result<FilesystemStatistics, any Error>, of target: Target, at instant: Double) {
      switch result {
      case .success(let statistics):
        snapshot.answers[target] = StatvfsResult(statistics: statistics, instant: instant, error: nil)
      case .failure(let error as SystemError):
        // Which call failed on what is plain from where it is shown.
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

  /// A queue that asks nothing yet.
  ///
  /// - Parameters:
  ///   - patience: seconds after which a call is left to its thread.
  ///   - now: the clock by which answers grow old.
  init(patience: Double, now: @escaping @Sendable () -> Double, question: @escaping StatvfsCall) {
    self.patience = patience
    self.now = now
    self.question = question
  }

  /// Asks the targets in their order, but those whose calls are under way, and forgets all others; returns at once.
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

  /// Asks the targets on the caller's thread, for those who know that no call can hang.
  func askHere(_ targets: [Target]) {
    state.update { state in
      state.snapshot.answers = [:]
      state.snapshot.version &+= 1
      for target in targets { state.record(Result { try question(target.mountpoint) }, of: target, at: now()) }
    }
  }

  /// Waits until everything is answered or left to threads that hang; at most `seconds`, and not at all when nothing was
  /// asked.
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

  /// Whether anything has changed since a version, or a call is under way, which grows older.
  func hasNews(since version: Int) -> Bool {
    state.withState { $0.snapshot.version != version || !$0.snapshot.asking.isEmpty }
  }

  /// What is known now.
  var snapshot: Snapshot {
    state.withState { $0.snapshot }
  }

  /// Names the thread that shall work on what is pending; nil where there is nothing, or one that does.
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

  /// The next target for a thread; nil where it has been given up or nothing is left.
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
