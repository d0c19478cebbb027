internal import SystemIO

/// The clocks and the waiting of a sampler, so that tests run years in no time.
public protocol Timekeeper: Sendable {
  /// What the three clocks say now.
  var now: Instant { get }

  /// Waits, less long when it is woken; false when the sampler shall stop.
  func wait(seconds: Double) -> Bool

  /// Ends the present wait early, or else the next one; from any thread.
  func wake()
}

extension Timekeeper {
  /// Nobody wakes it.
  public func wake() {}
}

/// One instant by three clocks, in seconds.
public struct Instant: Sendable, Hashable {
  /// The wall clock, which someone may set.
  public var realtime: Double
  /// Steady, and stands still while the machine is suspended.
  public var monotonic: Double
  /// Steady, and counts suspended time.
  public var boottime: Double

  /// An instant by its three clocks.
  public init(realtime: Double, monotonic: Double, boottime: Double) {
    self.realtime = realtime
    self.monotonic = monotonic
    self.boottime = boottime
  }
}

/// The system's clocks, and a wait that ``stop()`` ends.
public final class SystemTimekeeper: Timekeeper {
  private struct State {
    var isStopped = false
    var isWoken = false
  }

  private let state = Condition(State())

  /// A running one.
  public init() {}

  /// The system's clocks.
  public var now: Instant {
    Instant(realtime: Clock.realtime, monotonic: Clock.monotonic, boottime: Clock.boottime)
  }

  /// Sleeps until the time has passed, or ``wake()`` or ``stop()`` is called.
  public func wait(seconds: Double) -> Bool {
    state.wait(atMost: seconds) { state in
      if state.isStopped { return false }
      defer { state.isWoken = false }
      return state.isWoken ? true : nil
    } ?? true
  }

  /// Ends the present wait, or else the next one.
  public func wake() {
    state.update { $0.isWoken = true }
  }

  /// Ends the present wait and all later ones.
  public func stop() {
    state.update { $0.isStopped = true }
  }
}
