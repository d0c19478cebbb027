internal import AgentMetrics

/// Compact JSON (RFC 8259) as bytes, written value by value; it is shown a Sample by the field tables.
///
/// Foundation's encoder would link all of Foundation, and makes a tree and a String of every number on its way.
final class JSONWriter: FieldVisitor {
  /// What has been written.
  private(set) var bytes: [UInt8] = []
  /// Whether a comma has to stand before the next member or element.
  private var needsComma = false

  init(capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  /// Begins anew and keeps the memory.
  func clear() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  // MARK: Values

  func beginObject(_ name: String? = nil) {
    begin(name)
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
  }

  func endObject() {
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  func beginArray(_ name: String? = nil) {
    begin(name)
    bytes.append(UInt8(ascii: "["))
    needsComma = false
  }

  func endArray() {
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  func member(_ name: String?, _ value: String) {
    begin(name)
    append(quoted: value)
  }

  func member(_ name: String?, _ value: Int) {
    begin(name)
    bytes.append(decimal: Double(value), digits: 0)
  }

  func member(_ name: String?, _ value: Bool) {
    begin(name)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// A number of a unit, given in its base; left out where absent.
  func member(_ name: String, _ value: Double, _ unit: Unit, decimals: Int? = nil) {
    let shown = value / unit.factor
    // A quotient of finite numbers may still be too great.
    guard shown.isFinite else { return }
    begin(name)
    bytes.append(decimal: shown, digits: decimals ?? unit.decimals)
  }

  /// A finite number without a unit.
  func number(_ name: String, _ value: Double, decimals: Int) {
    begin(name)
    bytes.append(decimal: value, digits: decimals)
  }

  /// A number as an element; null where there is none.
  func element(_ value: Double, digits: Int) {
    begin(nil)
    if value.isFinite {
      bytes.append(decimal: value, digits: digits)
    } else {
      bytes.append(contentsOf: "null".utf8)
    }
  }

  /// A comma where one is due, and the name of a member; elements of arrays have none.
  private func begin(_ name: String?) {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
    guard let name else { return }
    append(quoted: name)
    bytes.append(UInt8(ascii: ":"))
  }

  /// A string between quotation marks: what RFC 8259 §7 wants escaped is, and DEL besides, which a terminal might obey.
  private func append(quoted text: String) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { utf8 in
      if utf8.contains(where: Self.needsEscape) {
        for byte in utf8 { append(escaping: byte) }
      } else {
        bytes.append(contentsOf: utf8)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
  }

  private func append(escaping byte: UInt8) {
    guard Self.needsEscape(byte) else {
      bytes.append(byte)
      return
    }
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    default:
      bytes.append(contentsOf: "u00".utf8)
      for digit in [byte >> 4, byte & 0xF] {
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
  }

  // MARK: FieldVisitor

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    member(definition.name, value, definition.unit, decimals: definition.decimals)
  }

  func text(_ definition: Definition, _ value: String, at field: Int) {
    member(definition.name, value)
  }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) {
    member(definition.name, value)
  }

  func enter(_ name: String, at field: Int) {
    beginObject(name)
  }

  func leave() {
    endObject()
  }

  func enterList(_ name: String, at field: Int) {
    beginArray(name)
  }

  func enterItem() {
    beginObject()
  }

  func leaveList() {
    endArray()
  }
}
