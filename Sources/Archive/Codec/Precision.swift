internal import AgentMetrics

/// How numbers become integers: rounded to a number of decimals of a unit, or bit by bit.
enum Precision: Hashable {
  /// value ÷ factor × 10^decimals, rounded as JSON rounds it; 0…6 decimals.
  case decimals(Int)
  /// The bits of the IEEE 754 double itself, for numbers beyond 2⁵¹ steps.
  case bits

  /// A slot in which there is no number.
  static let absent = Int64.min

  private static let powersOfTen: [Double] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]

  /// The byte that stands for it in a chunk.
  var byte: UInt8 {
    switch self {
    case .decimals(let count): UInt8(truncatingIfNeeded: count)
    case .bits: 0xFF
    }
  }

  init(byte: UInt8) throws(DamagedBytes) {
    switch byte {
    case 0...6: self = .decimals(Int(byte))
    case 0xFF: self = .bits
    default: throw DamagedBytes(reason: "its precision is unknown")
    }
  }

  /// The byte of a rollup: 64 more where it is of a counter.
  func byte(isCounter: Bool) -> UInt8 {
    self == .bits ? (isCounter ? 0xFF : 0xBF) : byte | (isCounter ? 0x40 : 0)
  }

  static func withCounter(byte: UInt8) throws(DamagedBytes) -> (Precision, isCounter: Bool) {
    let isCounter = byte & 0x40 != 0
    return (byte & 0x80 != 0 ? .bits : try Precision(byte: byte & 0x3F), isCounter)
  }

  /// Returns the integer for a value in base units; ``absent`` for NaN and infinity, nil for overflow.
  func integer(_ value: Double, factor: Double) -> Int64? {
    guard value.isFinite else { return Self.absent }
    switch self {
    case .bits: return Int64(bitPattern: (value == 0 ? 0 : value).bitPattern)
    case .decimals(let count):
      let shown = value / factor
      let scale = Self.powersOfTen[count]
      let product = shown * scale
      guard product.magnitude < 0x1p51 else { return nil }
      let floor = product.rounded(.down)
      // The rounding error of the product decides a tie.
      let half = product - floor - 0.5
      let lost = (-product).addingProduct(shown, scale)
      let rest = half != 0 ? half : lost
      let integer = Int64(floor)
      // JSON rounds ties to even, of magnitudes.
      if rest == 0 { return integer & 1 == 0 ? integer : integer + 1 }
      return rest > 0 ? integer + 1 : integer
    }
  }

  /// The value in base units; NaN for ``absent``.
  func value(_ integer: Int64, factor: Double) -> Double {
    guard integer != Self.absent else { return .nan }
    switch self {
    case .bits: return Double(bitPattern: UInt64(bitPattern: integer))
    case .decimals(let count): return Double(integer) / Self.powersOfTen[count] * factor
    }
  }
}

extension Unit {
  /// Number of base units in one archived unit.
  ///
  /// MiB in JSON are archived as bytes: exact integers cost little more, since such values are multiples of pages, and
  /// ratios derived from them are the same after a restart.
  var archivedFactor: Double {
    self == .mebibytes ? 1 : factor
  }

  /// The precision that JSON shows.
  var precision: Precision {
    .decimals(decimals)
  }
}
