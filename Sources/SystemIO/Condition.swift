/// A mutex with a condition variable for system threads, with an optional timeout.
///
/// Swift's Mutex has no condition variable. Deadlines use CLOCK_MONOTONIC, so that setting the clock neither cuts a
/// wait short nor prolongs it by hours.
package final class Condition<State>: @unchecked Sendable {
  // Sendable holds: `state` is accessed only between lock and unlock of `mutex`, and the two pointers never change.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  /// Clock of the deadlines; Darwin's condition variables support only the wall clock.
  private static var clock: clockid_t {
    #if os(Linux)
      CLOCK_MONOTONIC
    #else
      CLOCK_REALTIME
    #endif
  }

  /// Creates a condition with an initial state.
  package init(_ state: sending State) {
    self.state = state
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    #if os(Linux)
      var attributes = pthread_condattr_t()
      pthread_condattr_init(&attributes)
      pthread_condattr_setclock(&attributes, Self.clock)
      pthread_cond_init(condition, &attributes)
      pthread_condattr_destroy(&attributes)
    #else
      pthread_cond_init(condition, nil)
    #endif
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` with the state, and wakes all waiting threads.
  package func update<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return body(&state)
  }

  /// Runs `body` with the state without waking threads.
  package func withState<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state)
  }

  /// Waits until `body` returns a value, or returns nil after `seconds`.
  ///
  /// `body` runs with the state immediately, after each ``update(_:)``, and once more at the timeout.
  package func wait<Result>(atMost seconds: Double = .infinity, _ body: (inout State) -> Result?) -> Result? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    var deadline = timespec()
    // A century is effectively infinite, and fits every time_t.
    let seconds = min(max(0, seconds), 3.2e9)
    clock_gettime(Self.clock, &deadline)
    let end = Double(deadline.tv_nsec) * 1e-9 + seconds
    deadline.tv_sec += time_t(end.rounded(.down))
    deadline.tv_nsec = Int((end - end.rounded(.down)) * 1e9)
    while true {
      if let result = body(&state) { return result }
      if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return body(&state) }
    }
  }
}
