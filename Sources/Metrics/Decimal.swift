extension Double {
  /// Text for people, rounded to a number of decimals, halves away from zero: "-0.3"; "0.0" without a sign.
  ///
  /// - Parameter trimmed: whether zeros at the end are omitted.
  package func fixed(_ decimals: Int, trimmed: Bool = false) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (magnitude * scale).rounded()
    guard scaled < 9e15 else { return String(self) }
    let whole = Int(scaled)
    let sign = self < 0 && whole != 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(whole) }
    var fraction = String(whole % Int(scale))
    fraction = String(repeating: "0", count: decimals - fraction.count) + fraction
    if trimmed { while fraction.last == "0" { fraction.removeLast() } }
    return sign + String(whole / Int(scale)) + (fraction.isEmpty ? "" : "." + fraction)
  }
}

extension [UInt8] {
  /// Appends a finite number in decimal, with at most `digits` digits after the point and without trailing zeros.
  ///
  /// The digits are those of the number's exact value, correctly rounded, ties to even, as C's printf rounds them. From
  /// 2⁶³ on it is written with an exponent.
  package mutating func append(decimal value: Double, digits: Int) {
    let magnitude = value.magnitude
    guard magnitude < 0x1p63 else {
      // The standard library's shortest representation is valid JSON too.
      append(contentsOf: value.description.utf8)
      return
    }
    let scale = Self.powersOfTen[Swift.min(Swift.max(digits, 0), Self.powersOfTen.count - 1)]
    // Both parts are exact; only the product with the scale is rounded.
    var whole = UInt64(magnitude)
    var fraction = Self.rounded(magnitude - magnitude.rounded(.down), times: scale, isOdd: whole & 1 == 1)
    if fraction == scale {
      whole += 1
      fraction = 0
    }
    if value < 0, whole != 0 || fraction != 0 { append(UInt8(ascii: "-")) }
    append(digitsOf: whole)
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    var place = scale / 10
    while fraction > 0, place >= 1 {
      append(UInt8(ascii: "0") + UInt8(fraction / place))
      fraction %= place
      place /= 10
    }
  }

  private static let powersOfTen: [UInt64] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]

  /// fraction × scale as an integer; `isOdd` resolves a tie if no digit follows the point.
  private static func rounded(_ fraction: Double, times scale: UInt64, isOdd: Bool) -> UInt64 {
    let product = fraction * Double(scale)
    let floor = product.rounded(.down)
    let result = UInt64(floor)
    let rest = product - floor
    if rest != 0.5 { return rest > 0.5 ? result + 1 : result }
    // The product appears to be a tie, but may have been rounded to one; the rounding error shows its side.
    let lost = (-product).addingProduct(fraction, Double(scale))
    if lost != 0 { return lost > 0 ? result + 1 : result }
    let odd = scale == 1 ? isOdd : result & 1 == 1
    return odd ? result + 1 : result
  }

  private mutating func append(digitsOf value: UInt64) {
    let start = count
    var rest = value
    repeat {
      append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }
}
