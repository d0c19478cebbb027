/// A window of time, in which the samples at its edges count in proportion.
///
/// A sample has the use of the interval that ends at its time. A window has the samples after its start up to its end, and
/// the first and the last interval in proportion, so that adjacent windows add up. A window of no length has the whole
/// interval around its time.
package struct SampleWindow: Sendable {
  /// POSIX times.
  package let start: Double
  package let end: Double
  private var last = Double.nan

  /// The part of a sample's interval that is within the window.
  package struct Part: Sendable {
    /// POSIX time at which the interval begins.
    package var begin = Double.nan
    /// Seconds of the whole interval; 0 where unknown.
    package var elapsed = 0.0
    /// Share of the interval that is within the window.
    package var share = 0.0
    /// Whether any of it is.
    package var isInside: Bool { share > 0 }
    package var seconds: Double { elapsed * share }
  }

  package init(from start: Double = -.infinity, to end: Double = .infinity) {
    (self.start, self.end) = (start, end)
  }

  /// Adds the next sample, in the order of time.
  package mutating func add(_ sample: Sample) -> Part {
    let time = sample.timestamp.seconds
    var part = Part()
    part.elapsed = sample.elapsed.isFinite && sample.elapsed > 0 ? sample.elapsed : 0
    // The times of samples are whole milliseconds; the interval is by another clock.
    part.begin = ((time - part.elapsed) * 1_000).rounded() / 1_000
    if last < time, abs(last - part.begin) <= min(0.5, 0.1 * part.elapsed) { part.begin = last }
    last = time
    part.share = share(from: part.begin, to: time)
    return part
  }

  /// Share of an interval that is within the window; 1 or 0 for one without a length.
  package func share(from begin: Double, to time: Double) -> Double {
    if start == end { return time == start || begin < start && start < time ? 1 : 0 }
    guard time > begin else { return start < time && time <= end ? 1 : 0 }
    let seconds = overlap(from: begin, to: time)
    // All of it, though its length is rounded.
    return begin >= start && time <= end ? 1 : seconds < 0.001 ? 0 : seconds / (time - begin)
  }

  /// Seconds of an interval that are within the window.
  package func overlap(from begin: Double, to time: Double) -> Double {
    max(0, min(time, end) - max(begin, start))
  }
}
