import Synchronization
import Collect

/// Lets a sampler take its first sample and no more.
final class OnceTimekeeper: Timekeeper {
  private let system = SystemTimekeeper()

  var now: Instant { system.now }

  /// The wait between the two first readings is a real one; the wait for the next tick is the end.
  func wait(seconds: Double) -> Bool {
    guard hasWaited.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return false }
    return system.wait(seconds: seconds)
  }

  private let hasWaited = Atomic(false)
}
