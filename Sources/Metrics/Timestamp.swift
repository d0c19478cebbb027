/// Wall-clock time: seconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
package struct Timestamp: Sendable, Hashable, Comparable {
  /// Seconds since the epoch, with fraction.
  package var seconds: Double

  package init(seconds: Double) {
    self.seconds = seconds
  }

  /// Milliseconds since the epoch; 0 where they exceed 64 bits.
  package var milliseconds: Int64 { Int64(exactly: (seconds * 1_000).rounded()) ?? 0 }

  /// Earlier before later.
  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.seconds < right.seconds
  }

  /// RFC 3339 in UTC with whole seconds, `2026-02-05T06:45:00Z`; the fraction is truncated.
  ///
  /// RFC 3339 has only years 0…9999; times outside are clamped.
  package var rfc3339: String {
    let (year, month, day, hour, minute, second) = civil
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2) + "T" + digits(hour, 2) + ":"
      + digits(minute, 2) + ":" + digits(second, 2) + "Z"
  }

  /// Parses RFC 3339 (`2026-02-05T06:45:00Z`, `…T15:45:00.250+09:00`); nil where the text is malformed.
  ///
  /// A leap second, `23:59:60`, becomes the second after it, as in POSIX time.
  package init?(rfc3339 text: some StringProtocol) {
    var bytes = Array(text.utf8)[...]
    func number(_ digits: Int) -> Int? {
      guard bytes.count >= digits else { return nil }
      var value = 0
      for byte in bytes.prefix(digits) {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      bytes = bytes.dropFirst(digits)
      return value
    }
    func take(_ allowed: String) -> UInt8? {
      guard let first = bytes.first, allowed.utf8.contains(first) else { return nil }
      bytes = bytes.dropFirst()
      return first
    }
    guard let year = number(4), take("-") != nil, let month = number(2), take("-") != nil, let day = number(2),
      take("Tt ") != nil, let hour = number(2), take(":") != nil, let minute = number(2), take(":") != nil,
      let second = number(2), (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
      hour < 24, minute < 60, second <= 60
    else { return nil }
    var fraction = 0.0
    if take(".") != nil {
      var place = 0.1
      var digits = 0
      while let digit = take("0123456789") {
        fraction += Double(digit - 0x30) * place
        place /= 10
        digits += 1
      }
      guard digits > 0 else { return nil }
    }
    var offset = 0
    if take("Zz") == nil {
      guard let sign = take("+-"), let hours = number(2), take(":") != nil, let minutes = number(2), hours < 24,
        minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)
    }
    guard bytes.isEmpty else { return nil }
    let days = Self.daysSinceEpoch(year: year, month: month, day: day)
    seconds = Double(days * 86_400 + hour * 3_600 + minute * 60 + second - offset) + fraction
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// The inverse of ``civil``, counted from 0000-03-01 in the same way.
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// Short English names of the months.
  package static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// Date and time of day in UTC, by the proleptic Gregorian calendar.
  package var civil: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    let limits = -62_167_219_200.0...253_402_300_799.0
    let total = Int(min(max(seconds.isFinite ? seconds : 0, limits.lowerBound), limits.upperBound).rounded(.down))
    let secondOfDay = ((total % 86_400) + 86_400) % 86_400
    let days = (total - secondOfDay) / 86_400
    // Days are counted from 0000-03-01, so that the leap day is the last of a year and 400 years are one era.
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
