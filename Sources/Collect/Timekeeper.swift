internal import SystemIO

/// The sampler's clocks and waits; tests replace it to run years in no time.
package protocol Timekeeper: Sendable {
  /// Current time of the three clocks.
  var now: Instant { get }

  /// Waits, shorter when woken; false when the sampler is to stop.
  func wait(seconds: Double) -> Bool

  /// Ends the current wait early, or else the next one; callable from any thread.
  func wake()

  /// Ends the current wait and all later ones; callable from any thread.
  func stop()
}

extension Timekeeper {
  package func wake() {}

  package func stop() {}
}

/// One instant by three clocks, in seconds.
package struct Instant: Sendable, Hashable {
  /// The wall clock, which can be set.
  package var realtime: Double
  /// Does not step, and stops while the machine is suspended.
  package var monotonic: Double
  /// Does not step, and counts suspended time.
  package var boottime: Double

  package init(realtime: Double, monotonic: Double, boottime: Double) {
    self.realtime = realtime
    self.monotonic = monotonic
    self.boottime = boottime
  }
}

/// The system's clocks, with a wait that ``stop()`` ends.
package final class SystemTimekeeper: Timekeeper {
  private struct State {
    var isStopped = false
    var isWoken = false
  }

  private let state = Condition(State())

  package init() {}

  package var now: Instant {
    Instant(realtime: Clock.realtime, monotonic: Clock.monotonic, boottime: Clock.boottime)
  }

  /// Sleeps until the time has passed, or ``wake()`` or ``stop()`` is called.
  package func wait(seconds: Double) -> Bool {
    state.wait(atMost: seconds) { state in
      if state.isStopped { return false }
      defer { state.isWoken = false }
      return state.isWoken ? true : nil
    } ?? true
  }

  package func wake() {
    state.update { $0.isWoken = true }
  }

  package func stop() {
    state.update { $0.isStopped = true }
  }
}
