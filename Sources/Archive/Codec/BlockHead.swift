/// Timestamps of a block's samples, shared by all its chunks.
///
/// Layout: ``Envelope`` bytes of kind 6: the length in bytes of the first column (varint), the ``ColumnCodec`` of the times
/// and that of the sample intervals, in milliseconds. A tier's block has its steps' starts, and no intervals.
struct BlockHead: Equatable {
  /// POSIX time in milliseconds.
  var times: [Int64]
  /// Milliseconds that rates are means over.
  var ranges: [Int64]

  init(times: [Int64], ranges: [Int64]) {
    self.times = times
    self.ranges = ranges
  }

  func encoded() -> [UInt8] {
    let first = ColumnCodec.encode(times)
    var body: [UInt8] = []
    body.append(varint: UInt64(first.count))
    return Envelope.seal(.head, body + first + ColumnCodec.encode(ranges))
  }

  /// Reads the head of a block with `count` slots.
  init(_ bytes: [UInt8], count: Int) throws(DamagedBytes) {
    var reader = try Envelope.open(bytes, as: .head)
    let length = try reader.varint()
    times = try ColumnCodec.decode(reader.bytes(length), count: count)
    ranges = try ColumnCodec.decode(reader.rest, count: count)
    try ArchiveBounds.check(times, ranges)
  }
}
