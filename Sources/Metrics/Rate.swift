/// The stretch of time between two Readings, and how rates are taken over it.
package struct Elapsed: Sendable, Hashable {
  /// Seconds between the Readings by the monotonic clock, never the nominal interval; NaN for a lone Reading.
  package let seconds: Double
  /// Whether the stretch is the whole time since boot, when every counter began at 0.
  package let isSinceBoot: Bool

  /// A stretch between two Readings.
  package init(seconds: Double, isSinceBoot: Bool = false) {
    self.seconds = seconds
    self.isSinceBoot = isSinceBoot
  }

  /// What a counter grew by per second; NaN where either end is absent, where no time has passed, or where it went
  /// backwards, which means that its source began anew.
  package func rate(_ previous: UInt64?, _ current: UInt64?, unit: Double = 1) -> Double {
    guard let grown = growth(previous, current), seconds > 0 else { return .nan }
    return Double(grown) * unit / seconds
  }

  /// What a counter grew by; nil where either end is absent or where it went backwards.
  package func growth(_ previous: UInt64?, _ current: UInt64?) -> UInt64? {
    guard let current else { return nil }
    guard let previous = isSinceBoot ? 0 : previous, current >= previous else { return nil }
    return current - previous
  }
}

extension Array {
  /// The entry that `matches`, looked for at `index` first, where it stands as long as nothing came or went.
  func entry(near index: Int, where matches: (Element) -> Bool) -> Element? {
    if index < count, matches(self[index]) { return self[index] }
    return first(where: matches)
  }
}

/// A number that may be absent, as the domains hold it: NaN for nil.
func metric(_ value: UInt64?) -> Double {
  value.map { Double($0) } ?? .nan
}

/// A part of a whole; NaN where the whole is 0 or either is absent.
func share(_ part: Double, of whole: Double) -> Double {
  whole > 0 ? part / whole : .nan
}
