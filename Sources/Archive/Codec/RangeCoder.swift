/// An adaptive binary probability: how likely the next bit is 0.
///
/// The first bits move it most, since a chunk holds only a few hundred values: after n bits, each next one moves it by
/// 1 ÷ (n + 1.6) of the way, and from ``limit`` bits on by a constant share. It starts at a half.
struct BitModel {
  private(set) var probability: UInt16 = 32_768
  private var seen: UInt8 = 0

  private static let limit: UInt8 = 120
  /// 65536 ÷ (n + 1.6).
  private static let shares: [UInt32] = (0...Int(limit)).map { UInt32(65_536 / (Double($0) + 1.6)) }

  /// The probability in 1…4095 of 4096.
  var twelveBits: UInt32 {
    max(1, UInt32(probability) >> 4)
  }

  mutating func learn(_ bit: Bool) {
    let share = Self.shares[Int(seen)]
    if bit {
      probability -= UInt16(truncatingIfNeeded: (UInt32(probability) &* share) >> 16)
    } else {
      probability += UInt16(truncatingIfNeeded: ((65_535 - UInt32(probability)) &* share) >> 16)
    }
    if seen < Self.limit { seen += 1 }
  }
}

/// Writes bits in as many bits as they are improbable: an arithmetic coder.
///
/// It keeps an interval [low, low + range) of 32-bit numbers; a bit takes the lower part of it when 0, the upper when
/// 1, in the ratio of its probability, ⌊range ÷ 4096⌋ × p to ⌊range⌋ minus that. Whenever range falls below 2²⁴, the
/// uppermost byte of low is written and both are multiplied by 256; a carry out of low runs back through the bytes
/// written. At the end the shortest byte string within the interval is written, and zero bytes at its end are left out.
struct RangeEncoder {
  private(set) var bytes: [UInt8] = []
  private var low: UInt64 = 0
  private var range: UInt32 = .max

  mutating func encode(_ bit: Bool, _ model: inout BitModel) {
    let bound = (range >> 12) &* model.twelveBits
    if bit {
      low += UInt64(bound)
      range -= bound
    } else {
      range = bound
    }
    model.learn(bit)
    normalize()
  }

  /// The lowest `count` bits of a number, highest first, each as probable 0 as 1.
  mutating func encode(_ bits: UInt64, count: Int) {
    for index in stride(from: count - 1, through: 0, by: -1) {
      range >>= 1
      if bits >> UInt64(index) & 1 == 1 { low += UInt64(range) }
      normalize()
    }
  }

  private mutating func normalize() {
    while range < 1 << 24 {
      writeByte()
      range <<= 8
    }
  }

  private mutating func writeByte() {
    if low > 0xFFFF_FFFF { carry() }
    bytes.append(UInt8(truncatingIfNeeded: low >> 24))
    low = low << 8 & 0xFFFF_FFFF
  }

  private mutating func carry() {
    // All that was written is a fraction below 1, so that a carry always finds a byte that is not 255.
    var index = bytes.count - 1
    while index >= 0, bytes[index] == 0xFF {
      bytes[index] = 0
      index -= 1
    }
    if index >= 0 { bytes[index] += 1 }
    low &= 0xFFFF_FFFF
  }

  /// Ends the stream and returns its bytes.
  mutating func finish() -> [UInt8] {
    for kept in 0...4 {
      let mask: UInt64 = kept == 0 ? 0xFFFF_FFFF : (1 << UInt64(32 - 8 * kept)) - 1
      let rounded = (low + mask) & ~mask
      guard rounded < low + UInt64(range) else { continue }
      low = rounded
      if low > 0xFFFF_FFFF { carry() }
      for _ in 0..<kept { writeByte() }
      break
    }
    while bytes.last == 0 { bytes.removeLast() }
    return bytes
  }
}

/// Decodes the output of RangeEncoder; reads zeros after the end of the bytes.
struct RangeDecoder {
  private let bytes: [UInt8]
  private var position = 0
  private var code: UInt32 = 0
  private var range: UInt32 = .max

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = Array(bytes)
    for _ in 0..<4 { code = code << 8 | nextByte() }
  }

  mutating func decode(_ model: inout BitModel) -> Bool {
    let bound = (range >> 12) &* model.twelveBits
    let bit = code >= bound
    if bit {
      code -= bound
      range -= bound
    } else {
      range = bound
    }
    model.learn(bit)
    normalize()
    return bit
  }

  mutating func decode(count: Int) -> UInt64 {
    var bits: UInt64 = 0
    for _ in 0..<count {
      range >>= 1
      let bit = code >= range
      if bit { code -= range }
      bits = bits << 1 | (bit ? 1 : 0)
      normalize()
    }
    return bits
  }

  private mutating func normalize() {
    while range < 1 << 24 {
      code = code << 8 | nextByte()
      range <<= 8
    }
  }

  private mutating func nextByte() -> UInt32 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return UInt32(bytes[position])
  }
}
