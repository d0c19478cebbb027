/// How integers that are mostly small are written to a range coder: learns from each what to expect of the next.
///
/// An integer v is written as
/// - its *class*, the number of binary digits of |v|, 0…64, from the highest to the lowest of seven bits, each with a
///   model of its own for every value of the bits before it and for whether the integer before was 0;
/// - unless it is 0, its sign, with a model for each sign of the last integer that was not 0;
/// - the two digits below the leading one, with models by class and by the digits between; the rest as they are.
struct IntegerModel {
  private var classes = [BitModel](repeating: BitModel(), count: 2 * 128)
  private var signs = (BitModel(), BitModel(), BitModel())
  private var digits = [BitModel](repeating: BitModel(), count: 65 * 4)
  private var lastClass = 0
  private var lastSign = 0

  /// Context for the next class, from the previous one.
  private var context: Int {
    lastClass == 0 ? 0 : 1
  }

  mutating func encode(_ value: Int64, to coder: inout RangeEncoder) {
    let magnitude = value.magnitude
    let length = 64 - magnitude.leadingZeroBitCount
    let base = context * 128
    var node = 1
    for shift in stride(from: 6, through: 0, by: -1) {
      let bit = length >> shift & 1
      coder.encode(bit == 1, &classes[base + node])
      node = node << 1 | bit
    }
    lastClass = length
    guard length > 0 else { return }
    switch lastSign {
    case 0: coder.encode(value < 0, &signs.0)
    case 1: coder.encode(value < 0, &signs.1)
    default: coder.encode(value < 0, &signs.2)
    }
    lastSign = value < 0 ? 1 : 2
    var rest = length - 1
    var digit = 1
    while rest > 0, digit < 4 {
      rest -= 1
      let bit = Int(magnitude >> UInt64(rest) & 1)
      coder.encode(bit == 1, &digits[length * 4 + digit])
      digit = digit << 1 | bit
    }
    coder.encode(magnitude, count: rest)
  }

  mutating func decode(from coder: inout RangeDecoder) -> Int64 {
    let base = context * 128
    var node = 1
    for _ in 0..<7 { node = node << 1 | (coder.decode(&classes[base + node]) ? 1 : 0) }
    // Damaged bytes may claim more digits than there are.
    let length = min(64, node & 127)
    lastClass = length
    guard length > 0 else { return 0 }
    let isNegative: Bool
    switch lastSign {
    case 0: isNegative = coder.decode(&signs.0)
    case 1: isNegative = coder.decode(&signs.1)
    default: isNegative = coder.decode(&signs.2)
    }
    lastSign = isNegative ? 1 : 2
    var rest = length - 1
    var magnitude: UInt64 = 1
    var digit = 1
    while rest > 0, digit < 4 {
      rest -= 1
      let bit = coder.decode(&digits[length * 4 + digit])
      magnitude = magnitude << 1 | (bit ? 1 : 0)
      digit = digit << 1 | (bit ? 1 : 0)
    }
    magnitude = magnitude << UInt64(rest) | coder.decode(count: rest)
    let value = Int64(truncatingIfNeeded: magnitude)
    return isNegative ? 0 &- value : value
  }
}
