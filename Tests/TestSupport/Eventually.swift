internal import SystemIO

/// Repeats an action until a condition holds; returns whether it came to hold within five minutes.
///
/// For tests of threads: a busy machine may start a thread seconds late, so attempts are not counted.
package func eventually(_ condition: () throws -> Bool, after action: () throws -> Void) rethrows -> Bool {
  let deadline = Clock.monotonic + 300
  while try !condition() {
    if Clock.monotonic > deadline { return false }
    try action()
  }
  return true
}

/// Waits until a condition holds; returns whether it came to hold within five minutes.
package func eventually(_ condition: () -> Bool) -> Bool { eventually(condition) { usleep(1_000) } }
