/// Writes Protocol Buffers' wire format, the subset for remote write and OTLP
/// (protobuf.dev/programming-guides/encoding).
///
/// Default values are written too: these messages write only fields that are set, and some receivers distinguish a
/// sample of 0 from an absent one by its presence.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
  }

  init(capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  /// Writes an int64, uint64, bool or enum.
  mutating func varint(_ field: UInt64, _ value: UInt64) {
    tag(field, .varint)
    append(value)
  }

  /// Writes an int64; negative ones take ten bytes.
  mutating func int64(_ field: UInt64, _ value: Int64) {
    varint(field, UInt64(bitPattern: value))
  }

  /// Writes a double by its bits, so that a stale marker keeps its NaN payload.
  mutating func double(_ field: UInt64, bits: UInt64) {
    fixed64(field, bits)
  }

  mutating func fixed64(_ field: UInt64, _ value: UInt64) {
    tag(field, .fixed64)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func string(_ field: UInt64, _ value: String) {
    tag(field, .lengthDelimited)
    append(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  /// Writes an encoded message.
  mutating func message(_ field: UInt64, _ message: [UInt8]) {
    tag(field, .lengthDelimited)
    append(UInt64(message.count))
    bytes.append(contentsOf: message)
  }

  /// Appends encoded fields.
  mutating func append(fields: [UInt8]) {
    bytes.append(contentsOf: fields)
  }

  /// Writes numbers as one packed field of proto3 (`[packed=true]`).
  mutating func packed(_ field: UInt64, _ values: [UInt32]) {
    guard !values.isEmpty else { return }
    var inner = ProtobufWriter(capacity: values.count * 2)
    for value in values { inner.append(UInt64(value)) }
    message(field, inner.bytes)
  }

  /// Writes a message, whose length is known afterwards.
  mutating func message(_ field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    message(field, inner.bytes)
  }

  private mutating func tag(_ field: UInt64, _ type: WireType) {
    append(field << 3 | type.rawValue)
  }

  private mutating func append(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: value))
  }
}
