/// The unit and the decimal places that a value is shown with in sentences.
struct ValueScale {
  /// The shown unit, in base units.
  let divisor: Double
  let suffix: String
  let decimals: Int

  /// - Parameters:
  ///   - value: in base units.
  ///   - isDecimal: whether bytes are counted in powers of 1000.
  init(of value: Double, _ unit: Unit, isDecimal: Bool = false) {
    switch unit {
    case .ratio: self.init(0.01, "%", value < 0.0995 ? 1 : 0)
    case .bytes, .mebibytes:
      self.init(
        of: value, isDecimal ? 1_000 : 1_024,
        isDecimal ? ["B", "kB", "MB", "GB", "TB", "PB"] : ["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
    case .bytesPerSecond: self.init(of: value, 1_000, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"])
    case .seconds, .milliseconds:
      if value < 1 {
        self.init(0.001, " ms", 1)
      } else {
        self.init(value < 120 ? 1 : 60, value < 120 ? " s" : " min", 1)
      }
    default: self.init(unit.factor, Self.suffix(unit), abs(value / unit.factor) < 99.95 ? 1 : 0)
    }
  }

  private init(_ divisor: Double, _ suffix: String, _ decimals: Int) {
    (self.divisor, self.suffix, self.decimals) = (divisor, suffix, decimals)
  }

  private init(of value: Double, _ step: Double, _ units: [String]) {
    var (divisor, index) = (1.0, 0)
    while index < units.count - 1, value / divisor >= step * 0.9995 {
      divisor *= step
      index += 1
    }
    self.init(divisor, " " + units[index], value / divisor < 99.95 ? 1 : 0)
  }

  /// The suffix of a number in the unit of the JSON.
  static func suffix(_ unit: Unit) -> String {
    switch unit {
    case .bytes: " B"
    case .mebibytes: " MiB"
    case .bytesPerSecond: " B/s"
    case .seconds: " s"
    case .milliseconds: " ms"
    case .megabitsPerSecond: " Mbit/s"
    case .celsius: " °C"
    case .megahertz: " MHz"
    case .watts: " W"
    case .joules: " J"
    case .rpm: " rpm"
    case .perSecond: "/s"
    case .ratio, .cores, .count, .none: ""
    }
  }

  /// A value in base units as its text shows it.
  func rounded(_ value: Double, _ decimals: Int) -> Double {
    var power = 1.0
    for _ in 0..<decimals { power *= 10 }
    return (value / divisor * power).rounded() / power * divisor
  }

  func text(_ value: Double, _ decimals: Int) -> String { (value / divisor).fixed(decimals, trimmed: true) + suffix }
}
