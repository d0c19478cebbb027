internal import AgentMetrics

/// How numbers are told in integers: rounded to a number of decimals of a unit, or bit by bit.
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

  /// The integer for a value in base units; ``absent`` for what is not finite, nil for what is too great.
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
      // What the product lost in rounding says on which side of a tie it really is.
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
  /// How many base units one step of an archived integer's unit holds.
  ///
  /// What JSON shows in MiB is archived in bytes: whole, it costs little more, since such figures are multiples of pages,
  /// and shares of it come out the same after a restart.
  var archivedFactor: Double {
    self == .mebibytes ? 1 : factor
  }

  /// The precision that JSON shows.
  var precision: Precision {
    .decimals(decimals)
  }
}
