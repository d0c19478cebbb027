/// Time between two Readings, and the computation of rates over it.
package struct Elapsed: Sendable, Hashable {
  /// Seconds between the Readings by the monotonic clock, not the nominal interval; NaN for a lone Reading.
  package let seconds: Double
  /// Whether the interval began at boot, when every counter was 0.
  package let isSinceBoot: Bool

  package init(seconds: Double, isSinceBoot: Bool = false) {
    self.seconds = seconds
    self.isSinceBoot = isSinceBoot
  }

  /// Growth of a counter per second; NaN where either end is absent, where no time has passed, or where the counter
  /// went backwards because its source was reset.
  package func rate(_ previous: UInt64?, _ current: UInt64?, unit: Double = 1) -> Double {
    guard let grown = growth(previous, current), seconds > 0 else { return .nan }
    return Double(grown) * unit / seconds
  }

  /// Growth of a counter; nil where either end is absent or where it went backwards.
  package func growth(_ previous: UInt64?, _ current: UInt64?) -> UInt64? {
    guard let current else { return nil }
    guard let previous = isSinceBoot ? 0 : previous, current >= previous else { return nil }
    return current - previous
  }
}

extension Array {
  /// Finds the matching entry, at `index` first, where it stays as long as none is added or removed.
  package func entry(near index: Int, where matches: (Element) -> Bool) -> Element? {
    if index < count, matches(self[index]) { return self[index] }
    return first(where: matches)
  }
}

/// Converts a number that may be absent: nil becomes NaN.
func metric(_ value: UInt64?) -> Double {
  value.map { Double($0) } ?? .nan
}

/// Divides a part by its whole; NaN where the whole is 0 or either is absent.
func share(_ part: Double, of whole: Double) -> Double {
  whole > 0 ? part / whole : .nan
}
