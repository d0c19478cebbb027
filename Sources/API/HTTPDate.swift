internal import AgentMetrics

/// A moment as HTTP's headers tell it.
public enum HTTPDate {
  /// The preferred form, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
  ///
  /// - Parameter seconds: POSIX time.
  public static func text(ofPOSIXTime seconds: Double) -> String {
    let (year, month, day, hour, minute, second) = Timestamp(seconds: seconds).civil
    // 1970-01-01 was a Thursday.
    let days = Int((seconds / 86_400).rounded(.down).clamped(to: -1e9...1e9))
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][((days % 7) + 7) % 7]
    let name = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ][month - 1]
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    return "\(weekday), \(digits(day, 2)) \(name) \(digits(year, 4)) "
      + "\(digits(hour, 2)):\(digits(minute, 2)):\(digits(second, 2)) GMT"
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    isNaN ? 0 : min(max(self, range.lowerBound), range.upperBound)
  }
}
