internal import AgentMetrics

/// Formats values in constant widths and units, so that columns stay in place.
enum TextFormat {
  /// A whole percentage, `7%`, `100%`.
  static func percent(_ ratio: Double, _ glyphs: Glyphs) -> String {
    guard ratio.isFinite else { return glyphs.absent }
    return String(whole(ratio * 100)) + "%"
  }

  /// A percentage with one decimal below 100, `7.3`, `1600`, as in process tables.
  static func fine(_ ratio: Double, _ glyphs: Glyphs) -> String {
    guard ratio.isFinite else { return glyphs.absent }
    return ratio < 0.9995 ? fixed(ratio * 100, 1) : String(whole(ratio * 100))
  }

  /// A number of bytes in three digits, `512 B`, `9.8 MiB`, `156 GiB`.
  static func bytes(_ value: Double, _ glyphs: Glyphs) -> String {
    guard value.isFinite else { return glyphs.absent }
    let (scaled, unit) = scale(value)
    return number(scaled, isWhole: unit == 0) + " " + units[unit]
  }

  /// The same without a space and the B, `9.8Mi`, for tables with the unit in the header.
  static func compact(_ value: Double, _ glyphs: Glyphs) -> String {
    guard value.isFinite else { return glyphs.absent }
    let (scaled, unit) = scale(value)
    return number(scaled, isWhole: unit == 0) + shortUnits[unit]
  }

  /// Bytes per second, `9.8 MiB/s`.
  static func rate(_ value: Double, _ glyphs: Glyphs) -> String {
    value.isFinite ? bytes(value, glyphs) + "/s" : glyphs.absent
  }

  /// A part and its whole in the whole's unit, `0.47/1.00 TiB`, `3.1/15.6 GiB`, `381/768 GiB`.
  static func pair(_ part: Double, of whole: Double, _ glyphs: Glyphs) -> String {
    guard whole.isFinite else { return bytes(part, glyphs) }
    let (scaled, unit) = scale(whole)
    let decimals = unit == 0 || scaled >= 99.95 ? 0 : scaled < 9.995 ? 2 : 1
    var portion = glyphs.absent
    if part.isFinite {
      let scaledPart = part / powers[unit]
      // 20 MiB of 16.0 GiB must not become 0.0.
      portion = fixed(scaledPart, decimals == 1 && scaledPart > 0 && scaledPart < 0.095 ? 2 : decimals)
    }
    return portion + "/" + fixed(scaled, decimals) + " " + units[unit]
  }

  /// Hertz, `3.40 GHz`, `800 MHz`.
  static func frequency(_ hertz: Double, _ glyphs: Glyphs) -> String {
    guard hertz.isFinite else { return glyphs.absent }
    return hertz < 999.5e6 ? String(whole(hertz * 1e-6)) + " MHz" : fixed(hertz * 1e-9, 2) + " GHz"
  }

  /// A clock and its maximum, in the maximum's unit, `1.76/1.98 GHz`, `135/800 MHz`.
  static func frequency(_ hertz: Double, of maximum: Double, _ glyphs: Glyphs) -> String {
    let (power, unit, decimals) = maximum < 999.5e6 ? (1e6, " MHz", 0) : (1e9, " GHz", 2)
    return (hertz.isFinite ? fixed(hertz / power, decimals) : glyphs.absent) + "/" + fixed(maximum / power, decimals)
      + unit
  }

  /// A link speed in bits per second, `1 Gb/s`, `2.5 Gb/s`, from bytes per second.
  static func link(_ bytesPerSecond: Double) -> String {
    let megabits = whole(bytesPerSecond * 8e-6)
    if megabits < 1000 { return String(megabits) + " Mb/s" }
    return (megabits % 1000 == 0 ? String(megabits / 1000) : fixed(Double(megabits) / 1000, 1)) + " Gb/s"
  }

  /// A duration in its two largest units, `3d 04h`, `4h 05m`, `5m 12s`, `42s`.
  static func duration(_ seconds: Double) -> String {
    let total = max(0, whole(seconds.rounded(.down)))
    let (days, hours, minutes) = (total / 86_400, total / 3_600 % 24, total / 60 % 60)
    if days > 0 { return String(days) + "d " + twoDigits(hours) + "h" }
    if hours > 0 { return String(hours) + "h " + twoDigits(minutes) + "m" }
    if minutes > 0 { return String(minutes) + "m " + twoDigits(total % 60) + "s" }
    return String(total) + "s"
  }

  /// A duration in a sentence: `8 s`, above that as ``duration(_:)``.
  static func seconds(_ seconds: Double) -> String {
    seconds < 59.5 ? String(max(0, whole(seconds.rounded(.down)))) + " s" : duration(seconds)
  }

  /// A round duration, `30s`, `1m30s`, `5m`, `2h`, `7d`.
  static func short(_ seconds: Double) -> String {
    let total = max(0, whole(seconds))
    if total % 86_400 == 0, total > 0 { return String(total / 86_400) + "d" }
    if total % 3_600 == 0, total > 0 { return String(total / 3_600) + "h" }
    if total % 60 == 0, total > 0 { return String(total / 60) + "m" }
    return (total > 60 ? String(total / 60) + "m" : "") + String(total % 60) + "s"
  }

  /// Seconds in a suitable unit, `340 µs`, `12 ms`, `1.4 s`.
  static func time(_ seconds: Double, _ glyphs: Glyphs) -> String {
    guard seconds.isFinite else { return glyphs.absent }
    if seconds < 0.0009995 { return String(whole(seconds * 1e6)) + (glyphs.isASCII ? " us" : " µs") }
    if seconds < 0.9995 { return number(seconds * 1e3, isWhole: false) + " ms" }
    return seconds < 120 ? number(seconds, isWhole: false) + " s" : duration(seconds)
  }

  /// A count, `512`, `12.3k`, `1.2M`.
  static func count(_ value: Double, _ glyphs: Glyphs) -> String {
    guard value.isFinite else { return glyphs.absent }
    if value < 999.5 { return String(whole(value)) }
    if value < 999.5e3 { return number(value * 1e-3, isWhole: false) + "k" }
    if value < 999.5e6 { return number(value * 1e-6, isWhole: false) + "M" }
    return number(value * 1e-9, isWhole: false) + "G"
  }

  /// A number of things: `1 process`, `3 processes`.
  static func counted(_ value: Double, _ one: String, _ many: String) -> String {
    fixed(value, 0) + " " + (value == 1 ? one : many)
  }

  /// A text whose last column is an ellipsis if it is too long.
  static func shortened(_ text: String, to columns: Int, _ glyphs: Glyphs) -> String {
    guard Grid.columns(of: text) > columns else { return text }
    guard columns > 0 else { return "" }
    var kept = text.prefix(columns - 1)
    while Grid.columns(of: String(kept)) > columns - 1 { kept.removeLast() }
    return kept + (glyphs.isASCII ? "~" : "…")
  }

  /// A value in base units with its unit.
  static func value(_ value: Double, _ unit: Unit, _ glyphs: Glyphs) -> String {
    switch unit {
    case .ratio: fine(value, glyphs) + "%"
    case .bytes, .mebibytes: bytes(value, glyphs)
    case .bytesPerSecond: rate(value, glyphs)
    case .megabitsPerSecond: link(value)
    case .seconds, .milliseconds: time(value, glyphs)
    case .celsius: String(whole(value)) + " " + glyphs.celsius
    case .megahertz: frequency(value, glyphs)
    case .watts: fixed(value, 1) + " W"
    case .joules: count(value, glyphs) + "J"
    case .rpm: String(whole(value)) + " rpm"
    case .cores: fixed(value, 2) + " CPUs"
    case .perSecond: count(value, glyphs) + "/s"
    case .count, .none: value == value.rounded() ? count(value, glyphs) : fixed(value, 2)
    }
  }

  /// A number with a fixed number of decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "" }
    return min(max(value, -1e13), 1e13).fixed(decimals)
  }

  /// Time of day, `06:45:07`.
  static func clock(_ seconds: Double) -> String {
    let total = whole(seconds.rounded(.down))
    let second = ((total % 86_400) + 86_400) % 86_400
    return twoDigits(second / 3_600) + ":" + twoDigits(second / 60 % 60) + ":" + twoDigits(second % 60)
  }

  /// Date, `2026-02-05`.
  static func date(_ seconds: Double) -> String {
    let date = Timestamp(seconds: seconds).civil
    return String(date.year) + "-" + twoDigits(date.month) + "-" + twoDigits(date.day)
  }

  static func twoDigits(_ value: Int) -> String {
    value < 10 ? "0" + String(value) : String(value)
  }

  /// Rounds to an integer; clamped, because a broken source may return any value.
  static func whole(_ value: Double) -> Int {
    guard value.isFinite else { return 0 }
    return Int(min(max(value, -1e15), 1e15).rounded())
  }

  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
  private static let shortUnits = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
  private static let powers: [Double] = (0..<7).map { Double(1 << ($0 * 10)) }

  /// Scales a value to the unit that leaves at most three digits before the point.
  private static func scale(_ value: Double) -> (Double, Int) {
    var unit = 0
    while unit < 6, abs(value) / powers[unit] >= 999.5 { unit += 1 }
    return (value / powers[unit], unit)
  }

  private static func number(_ value: Double, isWhole: Bool) -> String {
    isWhole || abs(value) >= 9.95 ? String(whole(value)) : fixed(value, 1)
  }
}
