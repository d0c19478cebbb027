internal import SystemIO

/// Parser of a file of sysfs or of /proc/sys that holds one whole number, decimal or hexadecimal after `0x`.
package enum NumberParser {
  /// The number, or nil.
  package static func number(_ bytes: Span<UInt8>) -> Int64? {
    var position = 0
    if bytes.skip("0x", &position) {
      guard let word = bytes.word(&position) else { return nil }
      return bytes.hexadecimal(word).map { Int64(clamping: $0) }
    }
    return bytes.signed(&position)
  }
}

extension Span where Element == UInt8 {
  /// A word as a hexadecimal number; nil if it is malformed or exceeds 64 bits.
  package func hexadecimal(_ word: Range<Int>) -> UInt64? {
    guard !word.isEmpty, word.count <= 16, word.lowerBound >= 0, word.upperBound <= count else { return nil }
    var value: UInt64 = 0
    for index in word {
      let byte = self[index] | 0x20
      let digit: UInt8
      if self[index].isDigit {
        digit = self[index] - UInt8(ascii: "0")
      } else if byte >= UInt8(ascii: "a"), byte <= UInt8(ascii: "f") {
        digit = byte - UInt8(ascii: "a") + 10
      } else {
        return nil
      }
      value = value << 4 | UInt64(digit)
    }
    return value
  }
}
