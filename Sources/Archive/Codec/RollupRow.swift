/// One step of a tier as it is first written.
///
/// Layout: ``Envelope`` bytes of kind 4: the step's end in milliseconds (signed); the number of series; for each its
/// number less the one before, its precision's byte, 64 added where it is a counter, the count of samples that had a
/// value, then the least, the greatest less the least and the sum less count × least (signed). Of a counter, the sum's
/// place holds the last value, less the greatest. In precision *bits* the last two stand for themselves.
struct RollupRow: Equatable {
  /// One series.
  struct RollupCell: Equatable {
    let series: Int
    let precision: Precision
    let isCounter: Bool
    let count: Int64
    let minimum: Int64
    let maximum: Int64
    /// Of a counter the last value.
    let sum: Int64
  }

  /// End of the step.
  var time: Int64
  /// By ascending number.
  var cells: [RollupCell] = []

  init(time: Int64) {
    self.time = time
  }

  func encoded() -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(cells.count * 8)
    body.append(signed: time)
    body.append(varint: UInt64(cells.count))
    var number = 0
    for cell in cells {
      body.append(varint: UInt64(cell.series - number))
      number = cell.series
      body.append(cell.precision.byte(isCounter: cell.isCounter))
      body.append(varint: UInt64(cell.count))
      body.append(signed: cell.minimum)
      let isPlain = cell.precision == .bits
      body.append(signed: isPlain ? cell.maximum : cell.maximum &- cell.minimum)
      body.append(
        signed: isPlain
          ? cell.sum : cell.sum &- (cell.isCounter ? cell.maximum : cell.count &* cell.minimum))
    }
    return Envelope.seal(.rollupJournal, body)
  }

  /// Reads a row.
  ///
  /// - Parameter wanted: the series that are wanted; nil for all.
  init(_ bytes: [UInt8], wanted: Set<Int>? = nil) throws(DamagedBytes) {
    var reader = try Envelope.open(bytes, as: .rollupJournal)
    try self.init(from: &reader, wanted: wanted)
  }

  init(from reader: inout ByteReader, wanted: Set<Int>?) throws(DamagedBytes) {
    time = try reader.signed()
    try ArchiveBounds.check([time])
    let series = try reader.count(atMost: reader.count)
    cells.reserveCapacity(min(series, wanted?.count ?? series))
    var number = 0
    // Numbers ascend: reading stops after the last wanted one.
    let last = wanted.map { $0.max() ?? -1 } ?? .max
    for _ in 0..<series {
      number = try reader.series(after: number)
      if number > last { break }
      guard wanted?.contains(number) ?? true else {
        _ = try reader.byte()
        for _ in 0..<4 { try reader.skipVarint() }
        continue
      }
      let (precision, isCounter) = try Precision.withCounter(byte: reader.byte())
      let count = Int64(truncatingIfNeeded: try reader.varint())
      let minimum = try reader.signed()
      var maximum = try reader.signed()
      var sum = try reader.signed()
      if precision != .bits {
        maximum = maximum &+ minimum
        sum = sum &+ (isCounter ? maximum : count &* minimum)
      }
      cells.append(
        RollupCell(
          series: number, precision: precision, isCounter: isCounter, count: count, minimum: minimum, maximum: maximum,
          sum: sum))
    }
  }
}

/// Aggregate of one series in the current step.
struct Accumulator {
  private(set) var count: Int64 = 0
  private var minimum: Int64 = 0
  private var maximum: Int64 = 0
  /// Of a counter the last value.
  private var sum: Int64 = 0
  /// The same as doubles, from the first value on that no integer holds.
  private var real: (minimum: Double, maximum: Double, sum: Double)?

  mutating func add(_ value: Double, _ precision: Precision, factor: Double, isCounter: Bool) {
    guard value.isFinite else { return }
    if real == nil, precision != .bits, let integer = precision.integer(value, factor: factor) {
      minimum = count == 0 ? integer : min(minimum, integer)
      maximum = count == 0 ? integer : max(maximum, integer)
      sum = isCounter ? integer : sum &+ integer
    } else {
      var (low, high, total) =
        real
        ?? (count == 0
          ? (value, value, 0)
          : (
            precision.value(minimum, factor: factor), precision.value(maximum, factor: factor),
            precision.value(sum, factor: factor)
          ))
      low = min(low, value)
      high = max(high, value)
      total = isCounter ? value : total + value
      real = (low, high, total)
    }
    count += 1
  }

  /// The cell of a step; nil where there was no value.
  func cell(_ series: Int, _ precision: Precision, isCounter: Bool) -> RollupRow.RollupCell? {
    guard count > 0 else { return nil }
    guard let real else {
      return RollupRow.RollupCell(
        series: series, precision: precision, isCounter: isCounter, count: count, minimum: minimum, maximum: maximum,
        sum: sum)
    }
    func bits(_ value: Double) -> Int64 { Int64(bitPattern: (value == 0 ? 0 : value).bitPattern) }
    return RollupRow.RollupCell(
      series: series, precision: .bits, isCounter: isCounter, count: count, minimum: bits(real.minimum),
      maximum: bits(real.maximum),
      sum: bits(real.sum))
  }
}
