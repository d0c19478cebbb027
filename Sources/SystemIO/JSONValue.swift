/// A JSON text (RFC 8259) from vendors' tools and other agents: strict except for Python's `NaN`, and bounded.
///
/// FoundationEssentials' decoder is not used, because collectors import no Foundation.
package indirect enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Maximum nesting depth of arrays and objects.
  package static let maximumDepth = 64
  /// Maximum number of values in a text.
  package static let maximumValues = 200_000

  /// Parses a text with a single value; nil if it is malformed or exceeds a limit.
  ///
  /// - Parameter longestString: maximum bytes kept of a string or a member's name; the rest is read and discarded.
  package init?(_ bytes: Span<UInt8>, longestString: Int = .max) {
    var parser = Parser(longestString: longestString)
    guard let value = parser.value(bytes, depth: 0) else { return nil }
    Parser.skipSpace(bytes, &parser.position)
    guard parser.position == bytes.count else { return nil }
    self = value
  }

  /// A member of an object, or nil.
  package subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The elements of an array; empty for anything else.
  package var elements: [JSONValue] {
    if case .array(let elements) = self { elements } else { [] }
  }

  /// The text of a string; nil for anything else.
  package var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The number of a number; nil for anything else.
  package var number: Double? {
    if case .number(let number) = self { number } else { nil }
  }

  /// The truth value of one; nil for anything else.
  package var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  private struct Parser {
    let longestString: Int
    var position = 0
    var values = 0

    mutating func value(_ bytes: Span<UInt8>, depth: Int) -> JSONValue? {
      values += 1
      guard depth <= JSONValue.maximumDepth, values <= JSONValue.maximumValues else { return nil }
      Self.skipSpace(bytes, &position)
      switch bytes.byte(at: position) {
      case UInt8(ascii: "{"): return object(bytes, depth: depth)
      case UInt8(ascii: "["): return array(bytes, depth: depth)
      case UInt8(ascii: "\""): return string(bytes).map { .string($0) }
      case UInt8(ascii: "t"): return bytes.skip("true", &position) ? .bool(true) : nil
      case UInt8(ascii: "f"): return bytes.skip("false", &position) ? .bool(false) : nil
      case UInt8(ascii: "n"): return bytes.skip("null", &position) ? .null : nil
      case UInt8(ascii: "N"): return bytes.skip("NaN", &position) ? .null : nil
      default: return number(bytes)
      }
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) -> JSONValue? {
      position += 1
      var members: [String: JSONValue] = [:]
      Self.skipSpace(bytes, &position)
      if bytes.skip("}", &position) { return .object(members) }
      while true {
        Self.skipSpace(bytes, &position)
        guard bytes.byte(at: position) == UInt8(ascii: "\""), let key = string(bytes) else { return nil }
        Self.skipSpace(bytes, &position)
        guard bytes.skip(":", &position), let member = value(bytes, depth: depth + 1) else { return nil }
        members[key] = member
        Self.skipSpace(bytes, &position)
        if bytes.skip("}", &position) { return .object(members) }
        guard bytes.skip(",", &position) else { return nil }
      }
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) -> JSONValue? {
      position += 1
      var elements: [JSONValue] = []
      Self.skipSpace(bytes, &position)
      if bytes.skip("]", &position) { return .array(elements) }
      while true {
        guard let element = value(bytes, depth: depth + 1) else { return nil }
        elements.append(element)
        Self.skipSpace(bytes, &position)
        if bytes.skip("]", &position) { return .array(elements) }
        guard bytes.skip(",", &position) else { return nil }
      }
    }

    /// Parses a string; the position is at its opening quote.
    private mutating func string(_ bytes: Span<UInt8>) -> String? {
      position += 1
      // Nearly all strings are without an escape: copied once, as a whole.
      let start = position
      var end = start
      while let byte = bytes.byte(at: end), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
        end += 1
      }
      if bytes.byte(at: end) == UInt8(ascii: "\""), end - start <= longestString {
        position = end + 1
        return bytes.string(start..<end)
      }
      var text: [UInt8] = []
      while let byte = bytes.byte(at: position) {
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard let scalar = escape(bytes) else { return nil }
          if text.count < longestString { text.append(contentsOf: String(scalar).utf8) }
        case 0..<0x20: return nil
        default: if text.count < longestString { text.append(byte) }
        }
      }
      return nil
    }

    /// Parses an escape after its backslash; half a surrogate pair is U+FFFD.
    private mutating func escape(_ bytes: Span<UInt8>) -> Unicode.Scalar? {
      guard let byte = bytes.byte(at: position) else { return nil }
      position += 1
      switch byte {
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{C}"
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
      case UInt8(ascii: "u"): break
      default: return nil
      }
      guard let high = hexadecimal(bytes) else { return nil }
      if let scalar = Unicode.Scalar(high) { return scalar }
      let start = position
      if high < 0xDC00, bytes.skip("\\u", &position), let low = hexadecimal(bytes), low >= 0xDC00, low < 0xE000,
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      {
        return scalar
      }
      position = start
      return "\u{FFFD}"
    }

    /// Parses four digits.
    private mutating func hexadecimal(_ bytes: Span<UInt8>) -> UInt32? {
      var value: UInt32 = 0
      for _ in 0..<4 {
        guard let byte = bytes.byte(at: position), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
          return nil
        }
        value = value << 4 | UInt32(digit)
        position += 1
      }
      return value
    }

    private mutating func number(_ bytes: Span<UInt8>) -> JSONValue? {
      let start = position
      if let number = shortNumber(bytes) { return .number(number) }
      position = start
      while let byte = bytes.byte(at: position), byte.isDigit || "+-.eE".utf8.contains(byte) { position += 1 }
      let text = bytes.string(start..<position)
      // Double also accepts "+1", ".5" and "5.", which JSON does not; no tool writes them.
      guard let first = bytes.byte(at: start), first.isDigit || first == UInt8(ascii: "-"),
        let number = Double(text), number.isFinite
      else { return nil }
      return .number(number)
    }

    /// Parses a number of at most 15 digits without an exponent; nil for others, and for malformed ones.
    ///
    /// Such digits and a power of ten up to 22 are exact as a Double, so that one division rounds correctly (Clinger,
    /// "How to read floating point numbers accurately", 1990).
    private mutating func shortNumber(_ bytes: Span<UInt8>) -> Double? {
      let isNegative = bytes.skip("-", &position)
      var (digits, decimals, mantissa) = (0, 0, 0)
      while let byte = bytes.byte(at: position), byte.isDigit {
        mantissa = mantissa &* 10 &+ Int(byte - UInt8(ascii: "0"))
        digits += 1
        position += 1
      }
      guard digits > 0 else { return nil }
      if bytes.skip(".", &position) {
        while let byte = bytes.byte(at: position), byte.isDigit {
          mantissa = mantissa &* 10 &+ Int(byte - UInt8(ascii: "0"))
          decimals += 1
          position += 1
        }
        guard decimals > 0 else { return nil }
      }
      guard digits + decimals <= 15 else { return nil }
      if let byte = bytes.byte(at: position), "+-.eE".utf8.contains(byte) { return nil }
      let value = decimals == 0 ? Double(mantissa) : Double(mantissa) / Self.powers[decimals]
      return isNegative ? -value : value
    }

    private static let powers: [Double] = [
      1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    static func skipSpace(_ bytes: Span<UInt8>, _ position: inout Int) {
      while let byte = bytes.byte(at: position), byte.isBlank || byte == 0x0A || byte == 0x0D { position += 1 }
    }
  }
}
