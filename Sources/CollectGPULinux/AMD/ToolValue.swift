internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// Values as AMD's tools print them in JSON: a number, a text with or without a unit, an object of both, or a
/// placeholder such as "N/A".
enum ToolValue {
  /// Maximum number of JSON documents parsed of one output.
  private static let maximumDocuments = 64
  /// Placeholders for an absent value.
  private static let nothing: Set = ["", "n/a", "none", "unsupported", "not supported", "unknown"]

  /// JSON documents in an output, each at the beginning of a line; warnings may precede, separate and follow them.
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

  /// Position after the bracket that closes the one at `start`, or nil.
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

  /// Whether a value is not a placeholder.
  static func says(_ value: JSONValue) -> Bool {
    switch value {
    case .null: false
    case .string(let text): !nothing.contains(text.lowercased())
    default: true
    }
  }

  /// The text of a value; nil for a placeholder.
  static func text(_ value: JSONValue?) -> String? {
    guard let value, let text = value.text, says(value) else { return nil }
    return text
  }

  /// The number of a value: a JSON number, or a text that begins with one, such as "41 C".
  static func number(_ value: JSONValue?) -> Double? {
    switch value {
    case .number(let number)?: number
    case .string(let text)?:
      Double(text.prefix { $0 != " " && $0 != "%" }).flatMap { $0.isFinite ? $0 : nil }
    default: nil
    }
  }

  /// A number with or without a unit, such as {"value": 41, "unit": "W"}; NaN for "N/A".
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

  /// Converts a percentage to a share; NaN outside 0 to 100.
  static func percent(_ number: Double) -> Double {
    number >= 0 && number <= 100 ? number / 100 : .nan
  }

  /// A count; NaN if implausible.
  static func count(_ value: JSONValue?) -> Double { Plausible.count(quantity(value)) }

  /// Bytes of an amount; "MB" means mebibytes, which is also the default in older versions that print no unit.
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

  /// Returns a GPU without implausible memory values.
  static func checked(_ gpu: GPU) -> GPU {
    var gpu = gpu
    if gpu.vramTotal == 0 { gpu.vramTotal = .nan }
    if gpu.vramUsed > gpu.vramTotal { gpu.vramUsed = .nan }
    return gpu
  }
}
