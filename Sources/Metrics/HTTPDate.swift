/// Date and time in HTTP headers.
package struct HTTPDate: Sendable {
  /// POSIX time.
  package let seconds: Double

  /// Formats the preferred format, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
  ///
  /// - Parameter seconds: POSIX time.
  package static func text(ofPOSIXTime seconds: Double) -> String {
    let (year, month, day, hour, minute, second) = Timestamp(seconds: seconds).civil
    // 1970-01-01 was a Thursday.
    let days = Int((seconds / 86_400).rounded(.down).clamped(to: -1e9...1e9))
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][((days % 7) + 7) % 7]
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    return "\(weekday), \(digits(day, 2)) \(Timestamp.months[month - 1]) \(digits(year, 4)) "
      + "\(digits(hour, 2)):\(digits(minute, 2)):\(digits(second, 2)) GMT"
  }

  /// Parses the preferred format; nil for any other text.
  ///
  /// The formats that are obsolete since 1999 are no longer in use.
  package init?(_ text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[5] == "GMT", let month = Timestamp.months.firstIndex(of: String(parts[2])) else {
      return nil
    }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    guard let time = Timestamp(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z") else { return nil }
    seconds = time.seconds
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    isNaN ? 0 : min(max(self, range.lowerBound), range.upperBound)
  }
}
