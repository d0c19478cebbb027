/// Why bytes of the archive could not be understood.
struct DamagedBytes: Error, Hashable {
  /// In a few words.
  let reason: String
}

extension [UInt8] {
  /// Appends an unsigned number in 1…10 bytes of 7 bits, lowest first, the highest bit set in all but the last
  /// (LEB128).
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Appends a signed number with its sign in the lowest bit (zigzag).
  mutating func append(signed value: Int64) {
    append(varint: UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// Appends four bytes, lowest first.
  mutating func append(word value: UInt32) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }

  /// Appends a text's length and its UTF-8 bytes.
  mutating func append(text: String) {
    append(varint: UInt64(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}

/// Reads bytes from the front, and never past their end.
struct ByteReader {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  init(_ bytes: [UInt8]) {
    self.init(bytes[...])
  }

  init(_ slice: ArraySlice<UInt8>) {
    // The slice's own buffer, where it covers all of it, else a copy: indexing an array is much faster.
    bytes = Array(slice)
    position = 0
    end = bytes.count
  }

  /// All that was not read yet.
  var rest: ArraySlice<UInt8> { bytes[position..<end] }

  /// How many bytes were not read yet.
  var count: Int { end - position }

  mutating func byte() throws(DamagedBytes) -> UInt8 {
    guard position < end else { throw DamagedBytes(reason: "ends too early") }
    position += 1
    return bytes[position - 1]
  }

  mutating func bytes(_ count: UInt64) throws(DamagedBytes) -> ArraySlice<UInt8> {
    guard count <= UInt64(end - position) else { throw DamagedBytes(reason: "ends too early") }
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }

  mutating func varint() throws(DamagedBytes) -> UInt64 {
    // Most are of one byte.
    if position < end, bytes[position] < 0x80 {
      position += 1
      return UInt64(bytes[position - 1])
    }
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 70 {
      let byte = try byte()
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw DamagedBytes(reason: "a number has too many bytes")
  }

  mutating func signed() throws(DamagedBytes) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: value >> 1) ^ (0 &- Int64(value & 1))
  }

  /// Passes over a number.
  mutating func skipVarint() throws(DamagedBytes) {
    while try byte() >= 0x80 {}
  }

  mutating func word() throws(DamagedBytes) -> UInt32 {
    var value: UInt32 = 0
    for shift in stride(from: UInt32(0), to: 32, by: 8) { value |= UInt32(try byte()) << shift }
    return value
  }

  mutating func text() throws(DamagedBytes) -> String {
    String(decoding: try bytes(varint()), as: UTF8.self)
  }

  /// Reads the number of a series as the difference from the one before.
  mutating func series(after number: Int) throws(DamagedBytes) -> Int {
    let difference = try varint()
    guard difference < UInt64(SeriesTable.limit), number + Int(difference) < SeriesTable.limit else {
      throw DamagedBytes(reason: "the number of a series is out of range")
    }
    return number + Int(difference)
  }

  /// Reads the count of a list whose elements take at least one byte each.
  mutating func count(atMost limit: Int) throws(DamagedBytes) -> Int {
    let value = try varint()
    guard value <= UInt64(limit) else { throw DamagedBytes(reason: "a count is too great") }
    return Int(value)
  }
}

/// The cyclic redundancy check CRC-32C (Castagnoli; RFC 3720 appendix B.4), which finds every damage of up to 32 bits
/// in a row.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }

  /// The sum of a byte and those after it.
  static func of(_ first: UInt8, _ rest: ArraySlice<UInt8>) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      func step(_ sum: UInt32, _ byte: UInt8) -> UInt32 {
        sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
      }
      return rest.withUnsafeBufferPointer { rest in
        var sum = step(0xFFFF_FFFF, first)
        for byte in rest { sum = step(sum, byte) }
        return ~sum
      }
    }
  }
}
