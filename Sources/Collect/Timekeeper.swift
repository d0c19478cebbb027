internal import SystemIO

/// The clocks and the waiting of a sampler, so that tests run years in no time.
package protocol Timekeeper: Sendable {
  /// What the three clocks say now.
  var now: Instant { get }

  /// Waits, less long when it is woken; false when the sampler shall stop.
  func wait(seconds: Double) -> Bool

  /// Ends the present wait early, or else the next one; from any thread.
  func wake()
}

extension Timekeeper {
  /// Nobody wakes it.
  package func wake() {}
}

/// One instant by three clocks, in seconds.
package struct Instant: Sendable, Hashable {
  /// The wall clock, which someone may set.
  package var realtime: Double
  /// Steady, and stands still while the machine is suspended.
  package var monotonic: Double
  /// Steady, and counts suspended time.
  package var boottime: Double

  /// An instant by its three clocks.
  package init(realtime: Double, monotonic: Double, boottime: Double) {
    self.realtime = realtime
    self.monotonic = monotonic
    self.boottime = boottime
  }
}

/// The system's clocks, and a wait that ``stop()`` ends.
package final class SystemTimekeeper: Timekeeper {
  private struct State {
    var isStopped = false
    var isWoken = false
  }

  private let state = Condition(State())

  /// A running one.
  package init() {}

  /// The system's clocks.
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

  /// Ends the present wait, or else the next one.
  package func wake() {
    state.update { $0.isWoken = true }
  }

  /// Ends the present wait and all later ones.
  package func stop() {
    state.update { $0.isStopped = true }
  }
}
