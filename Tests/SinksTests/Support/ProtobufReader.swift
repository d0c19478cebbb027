/// Reads Protocol Buffers' wire format, apart from the writer under test.
struct ProtobufReader {
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case bytes([UInt8])
  }

  struct Malformed: Error {}

  let fields: [(number: UInt64, value: Value)]

  init(_ bytes: [UInt8]) throws {
    var fields: [(number: UInt64, value: Value)] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let tag = try Self.varint(&rest)
      switch tag & 7 {
      case 0: fields.append((tag >> 3, .varint(try Self.varint(&rest))))
      case 1:
        guard rest.count >= 8 else { throw Malformed() }
        let value = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(8)
        fields.append((tag >> 3, .fixed64(value)))
      case 2:
        let count = Int(try Self.varint(&rest))
        guard rest.count >= count else { throw Malformed() }
        fields.append((tag >> 3, .bytes(Array(rest.prefix(count)))))
        rest = rest.dropFirst(count)
      default: throw Malformed()
      }
    }
    self.fields = fields
  }

  static func varint(_ bytes: inout ArraySlice<UInt8>) throws -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = bytes.popFirst(), shift < 64 {
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw Malformed()
  }

  func messages(_ number: UInt64) throws -> [ProtobufReader] {
    try bytes(number).map { try ProtobufReader($0) }
  }

  func bytes(_ number: UInt64) -> [[UInt8]] {
    fields.compactMap { field in
      if case .bytes(let bytes) = field.value, field.number == number { bytes } else { nil }
    }
  }

  func string(_ number: UInt64) -> String? {
    bytes(number).first.map { String(decoding: $0, as: UTF8.self) }
  }

  func number(_ number: UInt64) -> UInt64? {
    for field in fields where field.number == number {
      switch field.value {
      case .varint(let value), .fixed64(let value): return value
      case .bytes: continue
      }
    }
    return nil
  }

  func packed(_ number: UInt64) throws -> [Int] {
    var result: [Int] = []
    for bytes in bytes(number) {
      var rest = bytes[...]
      while !rest.isEmpty { result.append(Int(try Self.varint(&rest))) }
    }
    return result
  }
}
