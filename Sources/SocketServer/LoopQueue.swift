internal import CSockets
internal import Synchronization

/// Jobs of other threads for the event loop's thread.
final class LoopQueue: Sendable {
  /// Receives nil after the loop has ended.
  typealias Job = @Sendable (EventLoop?) -> Void

  private struct State {
    var jobs: [Job] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  /// Socket that is readable while jobs are waiting.
  let wakeup: Int64

  /// Returns nil where the system has no socket left.
  init?() {
    wakeup = csockets_wakeup_open()
    if wakeup < 0 { return nil }
  }

  func submit(_ job: @escaping Job) {
    let isClosed = state.withLock { state in
      if state.isClosed { return true }
      state.jobs.append(job)
      if state.jobs.count == 1 { csockets_wakeup_signal(wakeup) }
      return false
    }
    if isClosed { job(nil) }
  }

  /// Runs a job on the loop and returns its result; `ended` after the loop has ended.
  func result<Value: Sendable>(ended: Value, _ job: @escaping @Sendable (EventLoop) -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      submit { loop in continuation.resume(returning: loop.map(job) ?? ended) }
    }
  }

  /// Removes and returns the waiting jobs.
  func take() -> [Job] {
    csockets_wakeup_clear(wakeup)
    return state.withLock { state in
      defer { state.jobs = [] }
      return state.jobs
    }
  }

  /// Ends the queue; jobs run without a loop from now on.
  func close() {
    let jobs = state.withLock { state in
      defer { state.jobs = [] }
      if !state.isClosed { csockets_close(wakeup) }
      state.isClosed = true
      return state.jobs
    }
    for job in jobs { job(nil) }
  }
}
