internal import SystemIO

/// The clocks and the waiting of a sampler, so that tests run years in no time.
public protocol Timekeeper: Sendable {
  /// What the three clocks say now.
  var now: Instant { get }

  /// Waits; false when the sampler shall stop.
  func wait(seconds: Double) -> Bool
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
  private let isStopped = Condition(false)

  /// A running one.
  public init() {}

  /// The system's clocks.
  public var now: Instant {
    Instant(realtime: Clock.realtime, monotonic: Clock.monotonic, boottime: Clock.boottime)
  }

  /// Sleeps until the time has passed or ``stop()`` is called.
  public func wait(seconds: Double) -> Bool {
    isStopped.wait(atMost: seconds) { $0 ? true : nil } == nil
  }

  /// Ends the present wait and all later ones.
  public func stop() {
    isStopped.update { $0 = true }
  }
}
