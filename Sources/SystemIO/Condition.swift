internal import CSystemIO

/// A mutex with a condition variable for system threads, with an optional timeout.
///
/// Swift's Mutex has no condition variable. Deadlines use a clock that never steps, so that setting the clock neither
/// cuts a wait short nor prolongs it by hours.
package final class Condition<State>: @unchecked Sendable {
  // Sendable holds: `state` is accessed only between lock and unlock of `condition`, and the pointer never changes.
  private let condition: OpaquePointer
  private var state: State

  /// Creates a condition with an initial state.
  package init(_ state: sending State) {
    self.state = state
    guard let condition = csystemio_condition_create() else { fatalError("no memory for a condition") }
    self.condition = condition
  }

  deinit { csystemio_condition_destroy(condition) }

  /// Runs `body` with the state, and wakes all waiting threads.
  package func update<Result>(_ body: (inout State) -> Result) -> Result {
    csystemio_condition_lock(condition)
    defer {
      csystemio_condition_broadcast(condition)
      csystemio_condition_unlock(condition)
    }
    return body(&state)
  }

  /// Runs `body` with the state without waking threads.
  package func withState<Result>(_ body: (inout State) -> Result) -> Result {
    csystemio_condition_lock(condition)
    defer { csystemio_condition_unlock(condition) }
    return body(&state)
  }

  /// Waits until `body` returns a value, or returns nil after `seconds`.
  ///
  /// `body` runs with the state immediately, after each ``update(_:)``, and once more at the timeout.
  package func wait<Result>(atMost seconds: Double = .infinity, _ body: (inout State) -> Result?) -> Result? {
    csystemio_condition_lock(condition)
    defer { csystemio_condition_unlock(condition) }
    let deadline = csystemio_condition_deadline(seconds)
    while true {
      if let result = body(&state) { return result }
      if csystemio_condition_wait(condition, deadline) == 1 { return body(&state) }
    }
  }
}
