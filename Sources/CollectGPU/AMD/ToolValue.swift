internal import AgentMetrics
internal import SystemIO

/// Values as AMD's tools print them in JSON: a number, a text with or without a unit, an object of both, or "N/A" and its
/// like.
enum ToolValue {
  /// JSON texts of one output that are looked at.
  private static let maximumDocuments = 64
  /// Placeholders for an absent value.
  private static let nothing: Set = ["", "n/a", "none", "unsupported", "not supported", "unknown"]

  /// The JSON texts in an output, each from a line that begins as one does: warnings may come before, between and after.
  static func documents(_ bytes: Span<UInt8>) -> [JSONValue] {
    var documents: [JSONValue] = []
    var attempts = 0
    var position = 0
    while position < bytes.count, attempts < maximumDocuments {
      let first = bytes[position]
      // "[WARNING] …" begins a line too.
      if first == UInt8(ascii: "{") || first == UInt8(ascii: "["), let end = end(of: bytes, from: position) {
        attempts += 1
        if let value = JSONValue(bytes.extracting(position..<end)) {
          documents.append(value)
          position = end
        }
      } else if first == UInt8(ascii: "{") {
        attempts += 1
      }
      bytes.skipLine(&position)
    }
    return documents
  }

  /// Where the brackets that open at a position are all closed again; nil where they are not.
  private static func end(of bytes: Span<UInt8>, from start: Int) -> Int? {
    var depth = 0
    var isText = false
    var position = start
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\\") where isText: position += 1
      case UInt8(ascii: "\""): isText.toggle()
      case UInt8(ascii: "{") where !isText, UInt8(ascii: "[") where !isText: depth += 1
      case UInt8(ascii: "}") where !isText, UInt8(ascii: "]") where !isText:
        depth -= 1
        if depth == 0 { return position + 1 }
      default: break
      }
      position += 1
    }
    return nil
  }

  /// Whether a value is one.
  static func says(_ value: JSONValue) -> Bool {
    switch value {
    case .null: false
    case .string(let text): !nothing.contains(text.lowercased())
    default: true
    }
  }

  /// A text that says something.
  static func text(_ value: JSONValue?) -> String? {
    guard let value, let text = value.text, says(value) else { return nil }
    return text
  }

  /// A number, or a text that is one or begins with one before its unit, "41 C".
  static func number(_ value: JSONValue?) -> Double? {
    switch value {
    case .number(let number)?: number
    case .string(let text)?:
      Double(text.prefix { $0 != " " && $0 != "%" }).flatMap { $0.isFinite ? $0 : nil }
    default: nil
    }
  }

  /// A number with or without a unit, {"value": 41, "unit": "W"}; NaN where it is "N/A".
  static func quantity(_ value: JSONValue?) -> Double {
    number(value?["value"] ?? value) ?? .nan
  }

  /// The first of an object's members that is a quantity.
  static func quantity(_ object: JSONValue?, _ keys: String...) -> Double {
    for key in keys {
      let value = quantity(object?[key])
      if !value.isNaN { return value }
    }
    return .nan
  }

  /// A percentage as a share; NaN outside 0 to 100.
  static func percent(_ number: Double) -> Double {
    number >= 0 && number <= 100 ? number / 100 : .nan
  }

  /// A count; NaN without a plausible one.
  static func count(_ value: JSONValue?) -> Double { Plausible.count(quantity(value)) }

  /// Bytes of an amount in "MB", by which the tool means mebibytes, as it is in older versions without a unit.
  static func bytes(_ value: JSONValue?) -> Double {
    let unit = value?["unit"]?.text ?? value?.text?.split(separator: " ").dropFirst().first.map(String.init)
    let factor =
      switch unit {
      case "B"?: 1.0
      case "KB"?: 0x1p10
      case "GB"?: 0x1p30
      default: 0x1p20
      }
    return Plausible.bytes(quantity(value) * factor)
  }

  /// A GPU without memory that it cannot have.
  static func checked(_ gpu: GPU) -> GPU {
    var gpu = gpu
    if gpu.vramTotal == 0 { gpu.vramTotal = .nan }
    if gpu.vramUsed > gpu.vramTotal { gpu.vramUsed = .nan }
    return gpu
  }
}
