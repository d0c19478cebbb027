import Synchronization
import Collect

/// Lets a sampler take only its first sample.
final class OnceTimekeeper: Timekeeper {
  private let system = SystemTimekeeper()

  var now: Instant { system.now }

  /// The wait between the first two readings is real; the wait for the next tick ends the sampler.
  func wait(seconds: Double) -> Bool {
    guard hasWaited.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return false }
    return system.wait(seconds: seconds)
  }

  private let hasWaited = Atomic(false)
}
