internal import AgentMetrics

/// One series over one block: a row of the table `chunk`.
///
/// Layout: ``Envelope`` bytes of kind
/// - 0 *values*: the precision's byte (``Precision``), then the ``ColumnCodec`` of the values;
/// - 1 *rollup*: the precision's byte, plus 64 for a counter; the lengths in bytes of the first three columns
///   (varints); the columns of, for each step, the number of samples that had a value, the minimum, the maximum less
///   the minimum, and the sum less its prediction from the mid-range: sum − ⌊count × (minimum + maximum) ÷ 2⌋. The last
///   column of a counter is the last value less the maximum. In precision *bits* the maximum and the last column (as
///   bits of a double) are stored directly. A step without values has count 0 and is absent in the others.
/// - 2 *same*: the number of an earlier series of the block that has an identical chunk (varint).
///
/// The number of slots is the block's.
enum Chunk: Equatable {
  case values(Precision, [Int64])
  case rollup(Precision, Rollup)
  case same(as: Int)

  /// The columns of a tier.
  struct Rollup: Equatable {
    var isCounter = false
    var counts: [Int64] = []
    var minimum: [Int64] = []
    var maximum: [Int64] = []
    /// Of a counter the last values.
    var sums: [Int64] = []
  }

  func encoded() -> [UInt8] {
    var body: [UInt8] = []
    let kind: Envelope.Content
    switch self {
    case .values(let precision, let values):
      kind = .values
      body.append(precision.byte)
      body += ColumnCodec.encode(values)
    case .rollup(let precision, let rollup):
      kind = .rollup
      body.append(precision.byte(isCounter: rollup.isCounter))
      let columns = [
        rollup.counts, rollup.minimum, Self.spread(rollup, precision), Self.lean(rollup, precision),
      ].map(ColumnCodec.encode)
      for column in columns.dropLast() { body.append(varint: UInt64(column.count)) }
      for column in columns { body += column }
    case .same(let series):
      kind = .same
      body.append(varint: UInt64(series))
    }
    return Envelope.seal(kind, body)
  }

  /// Reads a chunk of a block with `count` slots.
  init(_ bytes: [UInt8], count: Int) throws(DamagedBytes) {
    var (kind, reader) = try Envelope.open(bytes)
    try self.init(kind, &reader, count: count)
  }

  init(_ kind: Envelope.Content, _ reader: inout ByteReader, count: Int) throws(DamagedBytes) {
    switch kind {
    case .values:
      let precision = try Precision(byte: reader.byte())
      self = .values(precision, try ColumnCodec.decode(reader.rest, count: count))
    case .rollup:
      let (precision, isCounter) = try Precision.withCounter(byte: reader.byte())
      let lengths = [try reader.varint(), try reader.varint(), try reader.varint()]
      var rollup = Rollup()
      rollup.isCounter = isCounter
      rollup.counts = try ColumnCodec.decode(reader.bytes(lengths[0]), count: count)
      rollup.minimum = try ColumnCodec.decode(reader.bytes(lengths[1]), count: count)
      rollup.maximum = try ColumnCodec.decode(reader.bytes(lengths[2]), count: count)
      rollup.sums = try ColumnCodec.decode(reader.rest, count: count)
      if precision != .bits {
        for index in 0..<count where rollup.minimum[index] != Precision.absent {
          rollup.maximum[index] = rollup.minimum[index] &+ rollup.maximum[index]
          rollup.sums[index] = rollup.sums[index] &+ Self.half(rollup, index)
        }
      }
      self = .rollup(precision, rollup)
    case .same:
      self = .same(as: Int(truncatingIfNeeded: try reader.varint()))
    default: throw DamagedBytes(reason: "it is no chunk")
    }
  }

  /// Predicted sum, from the mid-range; of a counter, the predicted last value: the maximum.
  private static func half(_ rollup: Rollup, _ index: Int) -> Int64 {
    if rollup.isCounter { return rollup.maximum[index] }
    return (rollup.counts[index] &* (rollup.minimum[index] &+ rollup.maximum[index])) >> 1
  }

  private static func spread(_ rollup: Rollup, _ precision: Precision) -> [Int64] {
    if precision == .bits { return rollup.maximum }
    return rollup.maximum.indices.map {
      rollup.minimum[$0] == Precision.absent ? Precision.absent : rollup.maximum[$0] &- rollup.minimum[$0]
    }
  }

  private static func lean(_ rollup: Rollup, _ precision: Precision) -> [Int64] {
    if precision == .bits { return rollup.sums }
    return rollup.sums.indices.map {
      rollup.minimum[$0] == Precision.absent ? Precision.absent : rollup.sums[$0] &- half(rollup, $0)
    }
  }
}
