import Glibc

/// A reproducible source of random numbers (SplitMix64): a failure recurs with the same seed.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// Creates a generator with reproducible numbers.
  package init(seed: UInt64) {
    state = seed
  }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Parses every prefix of `bytes` and then random mutations of it; the parser only has to return.
///
/// `mutations` is the number for a normal run; a parser's calls should add up to 20,000. The environment variable FUZZ
/// sets another sum: FUZZ=100000 makes each call run five times as many.
package func surviveTruncationAndMutation(
  of bytes: [UInt8], mutations: Int, seed: UInt64 = 1, _ parse: (Span<UInt8>) -> Void
) {
  for count in 0...bytes.count {
    // A separate copy, so that reading past the end of a prefix is out of bounds.
    let prefix = Array(bytes[..<count])
    parse(prefix.span)
  }
  let wanted = getenv("FUZZ").flatMap { Int(String(cString: $0)) } ?? 20_000
  var generator = SeededGenerator(seed: seed)
  for _ in 0..<max(1, mutations * wanted / 20_000) {
    var mutated = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      mutate(&mutated, using: &generator)
    }
    parse(mutated.span)
  }
}

/// Applies one random change to a text.
private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
  guard !bytes.isEmpty else {
    bytes.append(UInt8.random(in: 0...255, using: &generator))
    return
  }
  let position = Int.random(in: 0..<bytes.count, using: &generator)
  let range = position..<min(bytes.count, position + Int.random(in: 1...24, using: &generator))
  switch Int.random(in: 0..<8, using: &generator) {
  case 0:
    bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
  case 1:
    bytes[position] = UInt8.random(in: 0...255, using: &generator)
  case 2:
    bytes.removeSubrange(range)
  case 3:
    bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
  case 4:
    bytes.insert(contentsOf: bytes[range], at: Int.random(in: 0...bytes.count, using: &generator))
  case 5:
    // Bytes with a meaning to parsers are the most harmful in the wrong place.
    bytes[position] = Array("\n \t:-=.0,/\\()\"@\0".utf8).randomElement(using: &generator) ?? 0
  case 6:
    bytes.removeSubrange(position...)
  default:
    enlargeNumber(in: &bytes, from: position, using: &generator)
  }
}

/// Replaces the next number from `position` on by one at or beyond the limits of its type.
private func enlargeNumber(in bytes: inout [UInt8], from position: Int, using generator: inout SeededGenerator) {
  let isDigit = { (byte: UInt8) in byte >= 0x30 && byte <= 0x39 }
  guard let start = bytes[position...].firstIndex(where: isDigit) else { return }
  let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
  let numbers = [
    "18446744073709551615", "18446744073709551616", "9223372036854775807", "9223372036854775808", "4294967296",
    "2147483648", "-1", "-9223372036854775809", "99999999999999999999999999999999", "65536", "0",
  ]
  bytes.replaceSubrange(start..<end, with: (numbers.randomElement(using: &generator) ?? "0").utf8)
}
