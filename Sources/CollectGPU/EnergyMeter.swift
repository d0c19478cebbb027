/// An energy counter, and the mean power between two of its readings.
///
/// Some drivers print a counter that never moves. It is omitted once it has stood still for a while, since every chip
/// that is awake draws power.
package struct EnergyMeter {
  /// Seconds without a change after which the counter counts as dead.
  static let patience = 10.0

  /// Minimum seconds between two readings for a mean.
  private let shortest: Double
  private var past: (joules: Double, instant: Double)?
  private var stillSince = Double.nan

  /// Creates a meter for a driver that counts in steps of less than `shortest` seconds.
  package init(shortest: Double = 0) {
    self.shortest = shortest
  }

  /// Returns the counter and the mean power since the last reading; NaN if the counter does not count.
  package mutating func read(_ joules: Double, at instant: Double) -> (energy: Double, power: Double) {
    guard joules > 0 else {
      past = nil
      stillSince = .nan
      return (.nan, .nan)
    }
    guard let past else {
      self.past = (joules, instant)
      return (joules, .nan)
    }
    if joules == past.joules {
      if stillSince.isNaN { stillSince = past.instant }
      return (instant - stillSince >= Self.patience ? .nan : joules, .nan)
    }
    stillSince = .nan
    // A reloaded driver counts from 0.
    guard joules > past.joules else {
      self.past = (joules, instant)
      return (joules, .nan)
    }
    guard instant - past.instant >= shortest else { return (joules, .nan) }
    self.past = (joules, instant)
    return (joules, Plausible.watts((joules - past.joules) / (instant - past.instant)))
  }
}
