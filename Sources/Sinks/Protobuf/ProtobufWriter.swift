/// Writes Protocol Buffers' wire format, as far as the messages of remote write and OTLP need it.
///
/// (protobuf.dev/programming-guides/encoding). Values that are the default are written too: in the messages at hand only
/// those that are meant are written at all, and some receivers tell a sample of 0 from none by its presence.
struct ProtobufWriter {
  /// What has been written.
  private(set) var bytes: [UInt8] = []

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
  }

  /// An empty message.
  init(capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  /// An int64, uint64, bool or enum.
  mutating func varint(_ field: UInt64, _ value: UInt64) {
    tag(field, .varint)
    append(value)
  }

  /// An int64; negative ones take ten bytes.
  mutating func int64(_ field: UInt64, _ value: Int64) {
    varint(field, UInt64(bitPattern: value))
  }

  /// A double by its bits, so that a stale marker stays the NaN that it is.
  mutating func double(_ field: UInt64, bits: UInt64) {
    fixed64(field, bits)
  }

  /// A fixed64.
  mutating func fixed64(_ field: UInt64, _ value: UInt64) {
    tag(field, .fixed64)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// A string.
  mutating func string(_ field: UInt64, _ value: String) {
    tag(field, .lengthDelimited)
    append(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  /// A message that is there already as bytes.
  mutating func message(_ field: UInt64, _ message: [UInt8]) {
    tag(field, .lengthDelimited)
    append(UInt64(message.count))
    bytes.append(contentsOf: message)
  }

  /// Fields that are there already as bytes.
  mutating func append(fields: [UInt8]) {
    bytes.append(contentsOf: fields)
  }

  /// Numbers in one field, as proto3 has them (`[packed=true]`).
  mutating func packed(_ field: UInt64, _ values: [UInt32]) {
    guard !values.isEmpty else { return }
    var inner = ProtobufWriter(capacity: values.count * 2)
    for value in values { inner.append(UInt64(value)) }
    message(field, inner.bytes)
  }

  /// A message whose length is known when it has been written.
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
