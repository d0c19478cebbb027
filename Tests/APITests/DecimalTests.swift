import AgentMetrics
import Glibc
import Testing

@testable import API

/// Numbers in decimal, against C's printf.
@Suite struct DecimalTests {
  static func written(_ value: Double, _ digits: Int) -> String {
    var bytes: [UInt8] = []
    bytes.append(decimal: value, digits: digits)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// printf rounds the exact value correctly; only its trailing zeros and its "-0" are removed.
  static func expected(_ value: Double, _ digits: Int) -> String {
    var buffer = [CChar](repeating: 0, count: 512)
    let length = withVaList([Int32(digits), value]) { vsnprintf(&buffer, 512, "%.*f", $0) }
    var text = String(decoding: buffer[..<Int(length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return text == "-0" ? "0" : text
  }

  static let edges: [(value: Double, digits: Int, text: String)] = [
    (0, 4, "0"), (-0.0, 2, "0"), (-0.001, 2, "0"), (1, 4, "1"), (0.5, 0, "0"), (1.5, 0, "2"), (2.5, 0, "2"),
    (0.45, 4, "0.45"), (0.99994, 4, "0.9999"), (0.99995, 4, "1"), (9.999, 2, "10"), (1.005, 2, "1"),
    (100, 0, "100"), (0.285, 2, "0.28"), (-12.345, 1, "-12.3"), (0.000001, 6, "0.000001"), (0.0000004, 6, "0"),
    (1_770_273_900.25, 6, "1770273900.25"), (.leastNonzeroMagnitude, 6, "0"),
    (9_007_199_254_740_992, 2, "9007199254740992"), (9_223_372_036_854_774_784, 4, "9223372036854774784"),
    (1e19, 2, "1e+19"), (-1.5e300, 0, "-1.5e+300"),
  ]

  @Test(arguments: edges) func edge(value: Double, digits: Int, text: String) {
    #expect(Self.written(value, digits) == text)
  }

  @Test(arguments: 0...6) func agreesWithPrintf(digits: Int) {
    var generator = Generator(state: UInt64(digits) &+ 1)
    for _ in 0..<20_000 {
      // Every exponent below 2⁶², and decimals as people write them, which include ties and near ties.
      let raw = Double.random(in: -1...1, using: &generator)
      let power = Int.random(in: -70...62, using: &generator)
      let plain = Double(Int.random(in: -2_000_000...2_000_000, using: &generator)) / 2_000
      for value in [Double(sign: .plus, exponent: power, significand: raw), plain, plain.nextUp, plain.nextDown] {
        let (new, old) = (Self.written(value, digits), Self.expected(value, digits))
        if new != old { Issue.record("\(value) with \(digits) digits: \(new), not \(old)") }
      }
    }
  }
}

/// A small pseudo-random generator (SplitMix64), so that every run tests the same numbers.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
