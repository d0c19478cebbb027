internal import Synchronization

extension Task where Success == Never, Failure == Never {
  /// Suspends the current task for `seconds` of the monotonic clock, or until it is cancelled.
  ///
  /// One thread wakes all tasks. `Task.sleep` uses libdispatch's timer and threads, which wake up once a second for as long
  /// as the program runs, and end it where they cannot read /proc (CTaskPool.h).
  /// - Throws: CancellationError.
  package static func pause(seconds: Double) async throws {
    try await TaskTimer.shared.pause(seconds: seconds)
  }

  /// Suspends the current task for a time of the monotonic clock, or until it is cancelled.
  ///
  /// - Throws: CancellationError.
  package static func pause(_ time: Duration) async throws {
    let (seconds, attoseconds) = time.components
    try await pause(seconds: Double(seconds) + Double(attoseconds) * 1e-18)
  }
}

/// A thread that resumes tasks when their time has come; it is started for the first of them, and stays.
private final class TaskTimer: Sendable {
  static let shared = TaskTimer()

  /// A task that waits for its time or its cancellation, whichever comes first.
  final class Sleeper: Sendable {
    private enum State {
      case notYet
      case waiting(CheckedContinuation<Void, Never>)
      case ended
    }

    let deadline: Double
    private let state = Mutex(State.notYet)

    init(deadline: Double) {
      self.deadline = deadline
    }

    func wait(_ continuation: CheckedContinuation<Void, Never>) {
      let hasEnded = state.withLock { state in
        if case .ended = state { return true }
        state = .waiting(continuation)
        return false
      }
      if hasEnded { continuation.resume() }
    }

    func end() {
      let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
        defer { state = .ended }
        if case .waiting(let continuation) = state { return continuation }
        return nil
      }
      continuation?.resume()
    }
  }

  private struct State {
    /// The one with the next deadline is last.
    var sleepers: [Sleeper] = []
    var hasThread = false

    /// Returns whether the sleeper has the next deadline.
    mutating func insert(_ sleeper: Sleeper) -> Bool {
      var (low, high) = (0, sleepers.count)
      while low < high {
        let middle = (low + high) / 2
        if sleepers[middle].deadline > sleeper.deadline { low = middle + 1 } else { high = middle }
      }
      sleepers.insert(sleeper, at: low)
      return low == sleepers.count - 1
    }
  }

  private let state = Condition(State())

  func pause(seconds: Double) async throws {
    guard startThread() else { return try await Task.sleep(for: .seconds(max(0, min(seconds, 1e9)))) }
    let sleeper = Sleeper(deadline: Clock.monotonic + (seconds > 0 ? seconds : 0))
    // The thread waits for the next deadline, and is woken only for an earlier one.
    if state.withState({ $0.insert(sleeper) }) { state.update { _ in } }
    await withTaskCancellationHandler {
      await withCheckedContinuation { sleeper.wait($0) }
    } onCancel: {
      state.withState { $0.sleepers.removeAll { $0 === sleeper } }
      sleeper.end()
    }
    try Task.checkCancellation()
  }

  private func startThread() -> Bool {
    state.withState { state in
      if !state.hasThread { state.hasThread = Thread.start("timer") { [self] in run() } }
      return state.hasThread
    }
  }

  private func run() {
    while true {
      let next = state.withState { $0.sleepers.last?.deadline ?? .infinity }
      let due: [Sleeper]? = state.wait(atMost: next - Clock.monotonic) { state in
        let now = Clock.monotonic
        var due: [Sleeper] = []
        while let last = state.sleepers.last, last.deadline <= now {
          due.append(last)
          state.sleepers.removeLast()
        }
        // An earlier deadline than the one that is waited for ends the wait.
        return due.isEmpty && (state.sleepers.last?.deadline ?? .infinity) >= next ? nil : due
      }
      for sleeper in due ?? [] { sleeper.end() }
    }
  }
}
