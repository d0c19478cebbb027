/// Schedule of ticks, and the use of Readings after clock steps and suspends: pure arithmetic.
struct TickSchedule {
  /// Nominal seconds between two ticks.
  let interval: Double

  /// Use of a Reading.
  enum Continuity {
    /// Derive a sample from it and its predecessor.
    case sample
    /// Only a new baseline: a sample across the gap would average over a time in which the machine slept.
    case baseline
  }

  /// Returns the next multiple of the interval on the wall clock.
  func tick(after realtime: Double) -> Double {
    ((realtime / interval).rounded(.down) + 1) * interval
  }

  /// Returns the last `count` ticks up to `now`, oldest first, extrapolated on all three clocks.
  func ticks(_ count: Int, upTo now: Instant) -> [Instant] {
    let newest = tick(after: now.realtime) - interval
    return (0..<count).reversed().map { back in
      let time = newest - Double(back) * interval
      let age = now.realtime - time
      return Instant(realtime: time, monotonic: now.monotonic - age, boottime: now.boottime - age)
    }
  }

  /// Returns the seconds from `now` to the next tick.
  ///
  /// A tick less than half an interval after the last sample is skipped: it follows only a step of the wall clock, and
  /// rates over so short a time are mostly noise.
  func wait(from now: Instant, lastSample: Instant?) -> Double {
    var tick = tick(after: now.realtime)
    if let lastSample, now.monotonic + (tick - now.realtime) - lastSample.monotonic < interval / 2 { tick += interval }
    return tick - now.realtime
  }

  /// Returns the timestamp of a sample taken at `realtime`: the nearest tick, when it is close.
  ///
  /// The wait is timed by the steady clock; while the wall clock is slewed, a tick may be reached a little early.
  func time(at realtime: Double) -> Double {
    let tick = (realtime / interval).rounded() * interval
    return abs(realtime - tick) < min(0.5, interval / 4) ? tick : realtime
  }

  /// Whether a suspend lies between two Readings.
  func continuity(from previous: Instant, to current: Instant) -> Continuity {
    let asleep = (current.boottime - previous.boottime) - (current.monotonic - previous.monotonic)
    return asleep > 0.5 ? .baseline : .sample
  }
}
