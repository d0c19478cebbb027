/// Bytes with a version and a checksum around them: a byte, 16 × kind + version; the CRC-32C of that byte and of all
/// that follows the sum (4 bytes, lowest first); the body.
enum Envelope {
  /// Format version that is written for every kind.
  static let version: UInt8 = 1

  /// Type of the content, so that one kind is never decoded as another.
  enum Content: UInt8 {
    case values = 0, rollup, same, journal, rollupJournal, items, head
  }

  static func seal(_ kind: Content, _ body: [UInt8]) -> [UInt8] {
    let first = kind.rawValue << 4 | version
    var bytes = [first]
    bytes.reserveCapacity(body.count + 5)
    bytes.append(word: CRC32C.of(first, body[...]))
    bytes += body
    return bytes
  }

  static func open(_ bytes: [UInt8]) throws(DamagedBytes) -> (Content, ByteReader) {
    var reader = ByteReader(bytes)
    let first = try reader.byte()
    let sum = try reader.word()
    guard first & 15 == version, let kind = Content(rawValue: first >> 4) else {
      throw DamagedBytes(reason: "its version is unknown")
    }
    guard CRC32C.of(first, reader.rest) == sum else { throw DamagedBytes(reason: "its checksum is wrong") }
    return (kind, reader)
  }

  /// The body of bytes of one kind.
  static func open(_ bytes: [UInt8], as wanted: Content) throws(DamagedBytes) -> ByteReader {
    let (kind, reader) = try open(bytes)
    guard kind == wanted else { throw DamagedBytes(reason: "it is of another kind") }
    return reader
  }
}
