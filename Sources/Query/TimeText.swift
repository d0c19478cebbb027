package import AgentMetrics

/// Parses times as people write them, in local time where a text has no zone.
package struct TimeText: Sendable {
  /// The forms, for help and errors.
  package static let allowed =
    "03:12, yesterday 14:00, -2h, 2026-11-28 14:00, RFC 3339 (2026-02-05T06:45:00Z), seconds since 1970, or now"

  /// The smallest number of seconds since 1970 that is a time: 2001-09-09.
  private static let minSeconds = 1e9

  /// POSIX time of the present.
  private let now: Double
  /// Offset of local time from UTC in seconds, at a POSIX time.
  private let utcOffset: @Sendable (Double) -> Int

  package init(now: Double, utcOffset: @escaping @Sendable (Double) -> Int) {
    self.now = now
    self.utcOffset = utcOffset
  }

  /// Parses a time; nil for other texts.
  ///
  /// A time of day without a date is its last occurrence. A number counts seconds since 1970 if it has ten digits or
  /// more: smaller ones, such as `5` and `23.41`, are mistyped times of day.
  package func time(_ text: String) -> Double? {
    // Every form is shorter.
    guard text.utf8.count <= 64 else { return nil }
    let text = text.lowercased().split(separator: " ").joined(separator: " ")
    if text == "now" { return now }
    if text.hasPrefix("-") { return Self.duration(text.dropFirst()).map { max(0, now - $0) } }
    if let time = Timestamp(rfc3339: text) { return time.seconds }
    if let time = Timestamp(time: text)?.seconds, time >= Self.minSeconds { return time }
    let words = text.split(whereSeparator: { $0 == " " || $0 == "t" && text.first?.isNumber == true })
    switch words.count {
    case 1:
      if let date = date(words[0]) { return local(date) }
      guard let seconds = Self.timeOfDay(words[0]) else { return nil }
      let today = local(day(now) + seconds)
      return today <= now ? today : local(day(now) - 86_400 + seconds)
    case 2:
      guard let date = date(words[0]), let seconds = Self.timeOfDay(words[1]) else { return nil }
      return local(date + seconds)
    default: return nil
    }
  }

  /// Seconds of a local civil time since 1970-01-01 00:00 of the same clock, as POSIX time.
  ///
  /// Of a time that occurs twice, as an hour does in autumn, it is the first; one that is skipped is moved forward by the
  /// length of the gap.
  private func local(_ civil: Double) -> Double {
    // No zone is a day from UTC: these are the offsets before and after a change near the time.
    let before = civil - Double(utcOffset(civil - 86_400))
    let after = civil - Double(utcOffset(civil + 86_400))
    let candidates = [before, after].filter { $0 + Double(utcOffset($0)) == civil }
    return candidates.min() ?? before
  }

  /// Midnight of a time's local date, by the local clock.
  private func day(_ time: Double) -> Double {
    ((time + Double(utcOffset(time))) / 86_400).rounded(.down) * 86_400
  }

  /// Midnight of `today`, `yesterday` or `2026-11-28`, by the local clock.
  private func date(_ word: Substring) -> Double? {
    switch word {
    case "today": day(now)
    case "yesterday": day(now) - 86_400
    default: Timestamp(rfc3339: word + "T00:00:00Z")?.seconds
    }
  }

  /// Seconds since midnight of `3:12`, `03:12` or `03:12:30`.
  private static func timeOfDay(_ word: Substring) -> Double? {
    let parts = word.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count) else { return nil }
    var seconds = 0.0
    for (index, part) in parts.enumerated() {
      guard (index == 0 ? 1...2 : 2...2).contains(part.utf8.count), let value = whole(part),
        value < (index == 0 ? 24 : 60)
      else { return nil }
      seconds = seconds * 60 + value
    }
    return parts.count == 2 ? seconds * 60 : seconds
  }

  /// Seconds of `2h`, `90m` or `1d12h`.
  private static func duration(_ text: Substring) -> Double? {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    var rest = text
    var seconds = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0 != "." && $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      guard let value = whole(digits), let unit = rest.popFirst().flatMap({ units[$0] }) else { return nil }
      seconds += value * unit
    }
    return seconds
  }

  private static func whole(_ text: Substring) -> Double? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Double(text)
  }
}

extension Timestamp {
  /// The last second of the year 9999, the end of RFC 3339.
  package static let maxSeconds = 253_402_300_799

  /// Parses a client's time: RFC 3339, or seconds since 1970 as a JSON number; nil for other texts.
  package init?(time text: String) {
    if let time = Timestamp(rfc3339: text) {
      self = time
      return
    }
    // Double also accepts hexadecimal numbers, infinities and NaN, which JSON does not have.
    let isNumber =
      text.utf8.first.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } == true
      && text.utf8.last.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } == true
      && text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
    guard isNumber, let seconds = Double(text), seconds <= Double(Self.maxSeconds) else { return nil }
    self.init(seconds: seconds)
  }
}
