/// Seconds between retries: doubled each time and randomized between half and all of it, so that agents spread.
struct Backoff {
  private let first: Double
  private var current: Double

  init(first: Double) {
    self.first = first
    current = first
  }

  mutating func reset() {
    current = first
  }

  /// Returns the seconds until the next retry.
  mutating func next(atMost limit: Double) -> Double {
    defer { current = min(current * 2, limit) }
    return min(current, limit) * Double.random(in: 0.5...1)
  }
}
