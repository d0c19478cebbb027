/// Scans text files as bytes: numbers and words at an advancing position, without strings or allocations.
///
/// The caller owns the position, because a scanner that stored the span would need lifetime annotations that are still
/// experimental. All functions stay within the span at any position, and no input traps.
extension Span where Element == UInt8 {
  /// The byte at a position; nil past the end.
  @inlinable
  package func byte(at position: Int) -> UInt8? {
    position >= 0 && position < count ? self[position] : nil
  }

  /// Skips spaces and tabs.
  @inlinable
  package func skipBlanks(_ position: inout Int) {
    while position < count, self[position].isBlank { position += 1 }
  }

  /// Skips past the next line feed, or to the end.
  @inlinable
  package func skipLine(_ position: inout Int) {
    while position < count {
      position += 1
      if self[position - 1] == UInt8(ascii: "\n") { return }
    }
  }

  /// Skips blanks and the word after them; returns false if the line has no further word.
  @inlinable
  @discardableResult
  package func skipWord(_ position: inout Int) -> Bool {
    skipBlanks(&position)
    let start = position
    while position < count, !self[position].isBlankOrNewline { position += 1 }
    return position > start
  }

  /// Range of the next word of the line, after blanks, or nil.
  @inlinable
  package func word(_ position: inout Int) -> Range<Int>? {
    skipBlanks(&position)
    let start = position
    while position < count, !self[position].isBlankOrNewline { position += 1 }
    return position > start ? start..<position : nil
  }

  /// The unsigned decimal number after blanks, or nil; without a number only the blanks are skipped.
  ///
  /// A number too large for 64 bits is UInt64.max.
  @inlinable
  package func unsigned(_ position: inout Int) -> UInt64? {
    skipBlanks(&position)
    guard position < count, self[position].isDigit else { return nil }
    var value: UInt64 = 0
    var overflowed = false
    while position < count, self[position].isDigit {
      let (tens, carried) = value.multipliedReportingOverflow(by: 10)
      let (sum, carriedAgain) = tens.addingReportingOverflow(UInt64(self[position] &- UInt8(ascii: "0")))
      overflowed = overflowed || carried || carriedAgain
      value = sum
      position += 1
    }
    return overflowed ? .max : value
  }

  /// The decimal number with an optional sign after blanks, clamped to 64 bits, or nil.
  @inlinable
  package func signed(_ position: inout Int) -> Int64? {
    skipBlanks(&position)
    let start = position
    let isNegative = byte(at: position) == UInt8(ascii: "-")
    if isNegative { position += 1 }
    guard let byte = byte(at: position), byte.isDigit, let magnitude = unsigned(&position) else {
      position = start
      return nil
    }
    return isNegative ? 0 &- Int64(clamping: Swift.min(magnitude, UInt64(Int64.max))) : Int64(clamping: magnitude)
  }

  /// The decimal number with an optional fraction after blanks, such as "0.52", or nil.
  @inlinable
  package func decimal(_ position: inout Int) -> Double? {
    skipBlanks(&position)
    let start = position
    let isNegative = byte(at: position) == UInt8(ascii: "-")
    if isNegative { position += 1 }
    guard let byte = byte(at: position), byte.isDigit, let whole = unsigned(&position) else {
      position = start
      return nil
    }
    var value = Double(whole)
    if self.byte(at: position) == UInt8(ascii: ".") {
      position += 1
      // A single division of integers rounds once; a sum of tenths and hundredths would round at each.
      var digits: UInt64 = whole
      var scale = 1.0
      while position < count, self[position].isDigit {
        if digits < 1 << 49 {
          digits = digits * 10 + UInt64(self[position] &- UInt8(ascii: "0"))
          scale *= 10
        }
        position += 1
      }
      if scale > 1 { value = Double(digits) / scale }
    }
    return isNegative ? -value : value
  }

  /// Whether a line feed precedes a position: the line before it is complete rather than truncated by the end of the
  /// text.
  @inlinable
  package func endsLine(before position: Int) -> Bool { byte(at: position - 1) == UInt8(ascii: "\n") }

  /// Whether the bytes from a position on begin with `text`.
  @inlinable
  package func starts(with text: StaticString, at position: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard position >= 0, position <= count, count - position >= length else { return false }
    return text.withUTF8Buffer { expected in
      // In range: the span holds at least `length` bytes from `position` on.
      for index in 0..<length where self[position + index] != expected[index] { return false }
      return true
    }
  }

  /// Skips `text` if the bytes begin with it; otherwise returns false without moving.
  @inlinable
  package func skip(_ text: StaticString, _ position: inout Int) -> Bool {
    guard starts(with: text, at: position) else { return false }
    position += text.utf8CodeUnitCount
    return true
  }

  /// Whether the bytes in a range are exactly `text`.
  @inlinable
  package func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
    range.count == text.utf8CodeUnitCount && starts(with: text, at: range.lowerBound)
  }

  /// Whether the bytes in a range are exactly those of a String.
  @inlinable
  package func equals(_ range: Range<Int>, _ text: String) -> Bool {
    guard range.lowerBound >= 0, range.upperBound <= count, text.utf8.count == range.count else { return false }
    var position = range.lowerBound
    for byte in text.utf8 {
      if self[position] != byte { return false }
      position += 1
    }
    return true
  }

  /// The bytes in a range as text; invalid UTF-8 becomes U+FFFD.
  @inlinable
  package func string(_ range: Range<Int>) -> String {
    let range = range.clamped(to: 0..<count)
    return extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}

extension UInt8 {
  /// Space or tab.
  @inlinable
  package var isBlank: Bool { self == 0x20 || self == 0x09 }

  /// Whether it ends a word: space, tab, line feed, carriage return or NUL.
  @inlinable
  package var isBlankOrNewline: Bool { isBlank || self == 0x0A || self == 0x0D || self == 0 }

  /// `0`…`9`.
  @inlinable
  package var isDigit: Bool { self >= 0x30 && self <= 0x39 }
}
