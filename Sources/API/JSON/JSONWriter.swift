internal import AgentMetrics

/// Writes compact JSON (RFC 8259) as bytes, value by value; visits the field tables of a Sample.
///
/// Foundation's encoder would link all of Foundation, and builds a tree and a String per number.
final class JSONWriter: FieldVisitor {
  /// The bytes written so far.
  private(set) var bytes: [UInt8] = []
  /// Whether a comma must precede the next member or element.
  private var needsComma = false

  init(capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  /// The bytes of a group as an object.
  static func bytes<Group>(_ group: Group, _ table: Table<Group>) -> [UInt8] {
    let writer = JSONWriter()
    writer.beginObject()
    table.visit(group, writer)
    writer.endObject()
    return writer.bytes
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

  /// Writes a number in its base unit as `unit`; omitted if absent.
  func member(_ name: String, _ value: Double, _ unit: Unit, decimals: Int? = nil) {
    let shown = value / unit.factor
    // A quotient of finite numbers may still overflow.
    guard shown.isFinite else { return }
    begin(name)
    bytes.append(decimal: shown, digits: decimals ?? unit.decimals)
  }

  /// Writes a finite number without a unit.
  func number(_ name: String, _ value: Double, decimals: Int) {
    begin(name)
    bytes.append(decimal: value, digits: decimals)
  }

  /// Writes a number as an element; null if absent.
  func element(_ value: Double, digits: Int) {
    begin(nil)
    if value.isFinite {
      bytes.append(decimal: value, digits: digits)
    } else {
      bytes.append(contentsOf: "null".utf8)
    }
  }

  /// Writes a comma if required, and a member's name; elements of arrays have none.
  private func begin(_ name: String?) {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
    guard let name else { return }
    append(quoted: name)
    bytes.append(UInt8(ascii: ":"))
  }

  /// Appends a quoted string, with the escapes of RFC 8259 §7, and DEL, which a terminal might interpret.
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
