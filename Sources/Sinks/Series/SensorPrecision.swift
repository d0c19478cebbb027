internal import AgentMetrics

extension Unit {
  /// Rounds a number in the unit's base to the precision of its source.
  ///
  /// Equal to the archive's precision, so that a sample sent from memory and again from the archive is the same:
  /// receivers reject another value for the same time. Short numbers also take receivers less space.
  func roundedToPrecision(_ value: Double) -> Double {
    // Multiples of pages stay exact in bytes rather than MiB.
    let factor = self == .mebibytes ? 1 : factor
    let scale = Self.powersOfTen[decimals]
    let shown = value / factor
    let product = shown * scale
    guard product.magnitude < 0x1p51 else { return value }
    let floor = product.rounded(.down)
    // The product's rounding error shows its side of a tie.
    let half = product - floor - 0.5
    let rest = half != 0 ? half : (-product).addingProduct(shown, scale)
    let isOdd = floor.truncatingRemainder(dividingBy: 2) != 0
    let whole = rest > 0 || rest == 0 && isOdd ? floor + 1 : floor
    return whole / scale * factor
  }

  /// Units have at most six decimals.
  private static let powersOfTen: [Double] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
}
