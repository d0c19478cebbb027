internal import AgentMetrics

extension Unit {
  /// A number in the unit's base, rounded to what its source can tell.
  ///
  /// As the archive keeps it, so that a sample that is sent from memory and once more from the archive is the same sample:
  /// receivers refuse another value at the same moment. And receivers keep short numbers in less room.
  func roundedToPrecision(_ value: Double) -> Double {
    // Multiples of pages are kept whole, and not in MiB.
    let factor = self == .mebibytes ? 1 : factor
    let scale = Self.powersOfTen[decimals]
    let shown = value / factor
    let product = shown * scale
    guard product.magnitude < 0x1p51 else { return value }
    let floor = product.rounded(.down)
    // What the product lost in rounding says on which side of a tie it really is.
    let half = product - floor - 0.5
    let rest = half != 0 ? half : (-product).addingProduct(shown, scale)
    let isOdd = floor.truncatingRemainder(dividingBy: 2) != 0
    let whole = rest > 0 || rest == 0 && isOdd ? floor + 1 : floor
    return whole / scale * factor
  }

  /// Units have six decimals at most.
  private static let powersOfTen: [Double] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
}
