/// A lock with a condition that threads of the system wait on, with a deadline by the wall clock.
///
/// Swift's Mutex cannot be waited on. The wait is by CLOCK_REALTIME, so that a step of the clock moves the deadline with
/// it, which is what a tick on the wall clock wants.
public final class Condition<State>: @unchecked Sendable {
  // Sendable holds: `state` is touched only between lock and unlock of `mutex`, and the two pointers never change.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  /// A condition over a first state.
  public init(_ state: sending State) {
    self.state = state
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` with the state, and wakes all who wait.
  public func update<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return body(&state)
  }

  /// Runs `body` with the state, waking nobody.
  public func withState<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state)
  }

  /// Waits until `body` gives a value, or until the wall clock passes `deadline` (POSIX seconds); nil then.
  public func wait<Result>(until deadline: Double = .infinity, _ body: (inout State) -> Result?) -> Result? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      if deadline == .infinity {
        pthread_cond_wait(condition, mutex)
      } else {
        let whole = deadline.rounded(.down)
        var time = timespec()
        time.tv_sec = time_t(max(0, whole))
        time.tv_nsec = Int((deadline - whole) * 1e9)
        if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return body(&state) }
      }
    }
  }
}
