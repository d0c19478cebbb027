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
    let scale = ValueScale(of: value, unit, isDecimal: known?.isDecimal ?? false)
    let limitScale = ValueScale(of: limit, unit)
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

  /// The text of a limit that loses none of its digits; in the unit of values where that is short, else as given.
  private static func exact(_ limit: Double, _ unit: Unit, given: String) -> (text: String, isDecimal: Bool) {
    // A share of a unit without one is not converted.
    guard !given.hasSuffix("%") else { return (given, false) }
    let isBytes = unit == .bytes || unit == .mebibytes
    for isDecimal in isBytes ? [false, true] : [false] {
      let scale = ValueScale(of: limit, unit, isDecimal: isDecimal)
      let most = isBytes ? 3 : 9
      if let decimals = (0...most).first(where: { order(scale.rounded(limit, $0), limit) == 0 }) {
        return (scale.text(limit, decimals), isDecimal)
      }
    }
    return (given + ValueScale.suffix(unit), false)
  }

  /// −1, 0 or 1; equal up to errors of floating point.
  private static func order(_ left: Double, _ right: Double) -> Int {
    if abs(left - right) <= 1e-12 * max(abs(left), abs(right)) { return 0 }
    return left < right ? -1 : 1
  }
}
