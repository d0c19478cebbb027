/// When ticks are due, and what a Reading is good for after clocks have stepped or slept: pure arithmetic.
struct TickSchedule {
  /// Nominal seconds between two ticks.
  let interval: Double

  /// What to do with a Reading.
  enum Continuity {
    /// Derive a sample from the one before and it.
    case sample
    /// Only a new baseline: a sample across the gap would average over a time in which the machine slept.
    case baseline
  }

  /// The next multiple of the interval on the wall clock.
  func tick(after realtime: Double) -> Double {
    ((realtime / interval).rounded(.down) + 1) * interval
  }

  /// The last `count` ticks up to `now`, oldest first, as all three clocks have or would have had them.
  func ticks(_ count: Int, upTo now: Instant) -> [Instant] {
    let newest = tick(after: now.realtime) - interval
    return (0..<count).reversed().map { back in
      let time = newest - Double(back) * interval
      let age = now.realtime - time
      return Instant(realtime: time, monotonic: now.monotonic - age, boottime: now.boottime - age)
    }
  }

  /// Seconds from `now` to the tick after it.
  ///
  /// A tick that would come sooner than half an interval after the last sample is passed over: that happens only after
  /// the wall clock was set, and rates over so short a time are mostly noise.
  func wait(from now: Instant, lastSample: Instant?) -> Double {
    var tick = tick(after: now.realtime)
    if let lastSample, now.monotonic + (tick - now.realtime) - lastSample.monotonic < interval / 2 { tick += interval }
    return tick - now.realtime
  }

  /// The moment that a sample taken at `realtime` is for: the tick itself when it is near.
  ///
  /// Waiting is by the steady clock; while the wall clock is slewed, a tick may be reached a little early.
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
