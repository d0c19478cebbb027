internal import AgentMetrics

/// Formats wall-clock times, with the date if it is not today's.
struct WallClock {
  /// Current time in POSIX seconds.
  var now = 0.0
  /// Offset of displayed times from UTC in seconds.
  var utcOffset = 0

  /// `06:45:07`, or on another day `2026-02-04 06:45:07`.
  func time(_ time: Double) -> String {
    (isToday(time) ? "" : TextFormat.date(time + Double(utcOffset)) + " ") + timeOfDay(time)
  }

  /// A window: `06:45:30 to 07:00:00`, `2026-02-04 23:00:00 to today 01:00:00`.
  func span(from start: Double, to end: Double) -> String {
    time(start) + " to " + (isToday(end) && !isToday(start) ? "today " : "") + time(end)
  }

  /// The remark on a time without samples, for which an older sample is shown.
  func absence(of moment: Double, shown: Double) -> String {
    "no sample at " + time(moment) + ": showing " + time(shown)
  }

  /// A time, shorter: `06:45`, `Feb 4 06:45`.
  func short(_ time: Double, hasSeconds: Bool = false) -> String {
    let text = timeOfDay(time)
    return (isToday(time) ? "" : day(time) + " ") + (hasSeconds ? text : String(text.dropLast(3)))
  }

  /// Month and day, `Feb 4`.
  func day(_ time: Double) -> String {
    let date = Timestamp(seconds: time + Double(utcOffset)).civil
    return Timestamp.months[date.month - 1] + " " + String(date.day)
  }

  func timeOfDay(_ time: Double) -> String { TextFormat.clock(time + Double(utcOffset)) }

  func isToday(_ time: Double) -> Bool { number(time) == number(now) }

  private func number(_ time: Double) -> Double { ((time + Double(utcOffset)) / 86_400).rounded(.down) }
}
