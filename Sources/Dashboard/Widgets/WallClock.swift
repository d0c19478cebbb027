/// Wall-clock times as text, with the date where that is not today's.
struct WallClock {
  /// POSIX seconds.
  var now = 0.0
  /// Seconds to add for the times that are shown.
  var utcOffset = 0

  /// `06:45:07`, or on another day `2026-02-04 06:45:07`.
  func time(_ moment: Double) -> String {
    (isToday(moment) ? "" : Format.date(moment + Double(utcOffset)) + " ") + timeOfDay(moment)
  }

  /// The same in fewer columns, `06:45`, `Feb 4 06:45`.
  func short(_ moment: Double, hasSeconds: Bool = false) -> String {
    let text = timeOfDay(moment)
    return (isToday(moment) ? "" : day(moment) + " ") + (hasSeconds ? text : String(text.dropLast(3)))
  }

  /// Month and day, `Feb 4`.
  func day(_ moment: Double) -> String {
    let (_, month, day) = Format.civil(moment + Double(utcOffset))
    return Self.months[month - 1] + " " + String(day)
  }

  func timeOfDay(_ moment: Double) -> String { Format.clock(moment + Double(utcOffset)) }

  func isToday(_ moment: Double) -> Bool { number(moment) == number(now) }

  private func number(_ moment: Double) -> Double { ((moment + Double(utcOffset)) / 86_400).rounded(.down) }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
