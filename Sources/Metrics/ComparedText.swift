/// A value and a limit in a sentence: the limit as it was given, the value with as many digits as differ from it.
package struct ComparedText: Sendable, Equatable {
  package let value: String
  package let limit: String

  /// - Parameters:
  ///   - value: in base units, as the limit.
  ///   - given: the limit as a user wrote it, in the unit of the JSON or with %; nil for a measured one.
  package init(_ value: Double, _ limit: Double, _ unit: Unit, given: String? = nil) {
    guard value.isFinite, limit.isFinite else {
      (self.value, self.limit) = (ValueText.value(value, unit), given ?? ValueText.value(limit, unit))
      return
    }
    let known = given.map { Self.exact(limit, unit, given: $0) }
    let scale = Scale(of: value, unit, isDecimal: known?.isDecimal ?? false)
    let limitScale = Scale(of: limit, unit)
    let order = Self.order(value, limit)
    var decimals = 0
    func shownLimit() -> Double {
      known == nil ? limitScale.rounded(limit, limitScale.decimals + decimals) : limit
    }
    while decimals < 9, Self.order(scale.rounded(value, scale.decimals + decimals), shownLimit()) != order {
      decimals += 1
    }
    self.value = scale.text(value, scale.decimals + decimals)
    self.limit = known?.text ?? limitScale.text(limit, limitScale.decimals + decimals)
  }

  /// The unit and the decimal places that a value is shown with.
  private struct Scale {
    let divisor: Double
    let suffix: String
    let decimals: Int

    /// - Parameter isDecimal: whether bytes are counted in powers of 1000.
    init(of value: Double, _ unit: Unit, isDecimal: Bool = false) {
      switch unit {
      case .ratio: self.init(0.01, "%", value < 0.0995 ? 1 : 0)
      case .bytes, .mebibytes:
        self.init(
          of: value, isDecimal ? 1_000 : 1_024,
          isDecimal ? ["B", "kB", "MB", "GB", "TB", "PB"] : ["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
      case .bytesPerSecond: self.init(of: value, 1_000, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"])
      case .seconds, .milliseconds:
        self.init(value < 1 ? 0.001 : value < 120 ? 1 : 60, value < 1 ? " ms" : value < 120 ? " s" : " min", 1)
      default:
        self.init(unit.factor, Self.suffix(unit), abs(value / unit.factor) < 99.95 ? 1 : 0)
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

  /// The text of a limit that loses none of its digits; in the unit of values where that is short, else as given.
  private static func exact(_ limit: Double, _ unit: Unit, given: String) -> (text: String, isDecimal: Bool) {
    // A share of a unit without one is not converted.
    guard !given.hasSuffix("%") else { return (given, false) }
    let isBytes = unit == .bytes || unit == .mebibytes
    for isDecimal in isBytes ? [false, true] : [false] {
      let scale = Scale(of: limit, unit, isDecimal: isDecimal)
      let most = isBytes ? 3 : 9
      if let decimals = (0...most).first(where: { order(scale.rounded(limit, $0), limit) == 0 }) {
        return (scale.text(limit, decimals), isDecimal)
      }
    }
    return (given + Scale.suffix(unit), false)
  }

  /// −1, 0 or 1; equal up to errors of floating point.
  private static func order(_ left: Double, _ right: Double) -> Int {
    if abs(left - right) <= 1e-12 * max(abs(left), abs(right)) { return 0 }
    return left < right ? -1 : 1
  }
}
