/// Reads the fields of a protobuf message (protobuf.dev/programming-guides/encoding) up to the first malformed one.
enum ProtobufFields {
  enum Value {
    case varint(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  /// Calls `body` with the number and value of each varint and each length-delimited field.
  static func visit(_ message: ArraySlice<UInt8>, _ body: (UInt64, Value) -> Void) {
    var rest = message
    while let key = varint(&rest) {
      switch key & 7 {
      case 0:
        guard let value = varint(&rest) else { return }
        body(key >> 3, .varint(value))
      case 1:
        guard rest.count >= 8 else { return }
        rest = rest.dropFirst(8)
      case 2:
        guard let count = varint(&rest), count <= UInt64(rest.count) else { return }
        body(key >> 3, .bytes(rest.prefix(Int(count))))
        rest = rest.dropFirst(Int(count))
      case 5:
        guard rest.count >= 4 else { return }
        rest = rest.dropFirst(4)
      default: return
      }
    }
  }

  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
