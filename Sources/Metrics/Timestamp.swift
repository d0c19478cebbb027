/// A moment of the wall clock: seconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Seconds since the epoch, with their fraction.
  public var seconds: Double

  /// A moment by its POSIX time.
  public init(seconds: Double) {
    self.seconds = seconds
  }

  /// Earlier before later.
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.seconds < right.seconds
  }

  /// RFC 3339 in UTC with whole seconds, `2026-02-05T06:45:00Z`; the fraction is cut off.
  ///
  /// Years outside 0…9999 are not RFC 3339's; the moment is clamped to them.
  public var rfc3339: String {
    let (year, month, day, hour, minute, second) = civil
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2) + "T" + digits(hour, 2) + ":"
      + digits(minute, 2) + ":" + digits(second, 2) + "Z"
  }

  /// The date and time of day in UTC, by the proleptic Gregorian calendar.
  public var civil: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    let limits = -62_167_219_200.0...253_402_300_799.0
    let total = Int(min(max(seconds.isFinite ? seconds : 0, limits.lowerBound), limits.upperBound).rounded(.down))
    let secondOfDay = ((total % 86_400) + 86_400) % 86_400
    let days = (total - secondOfDay) / 86_400
    // Days are counted from 0000-03-01, so that the leap day is a year's last and 400 years are one era.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, day, secondOfDay / 3_600, secondOfDay / 60 % 60, secondOfDay % 60)
  }
}
