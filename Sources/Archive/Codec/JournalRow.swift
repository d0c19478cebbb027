internal import AgentMetrics

/// A few samples as first written, each series' values side by side: fast to write and fast to skip.
///
/// When there are enough of them they are rewritten as a block, with one ``Chunk`` per series.
///
/// Layout: ``Envelope`` bytes of kind 3: the number of samples k; for each its time, as the difference from the one
/// before (signed), and its interval (signed, plus 1, 0 if unknown), both in milliseconds; the number of series; for
/// each its number less the one before, its precision's byte and k values; then for each sample its ``ItemList``s. A
/// value is the difference from the previous one in its series (at first from 0), zigzag plus 1, or 0 for absent; in
/// precision *bits* it is 1 and the 8 bytes of the double, or 0.
struct JournalRow: Equatable {
  /// One series' values.
  struct JournalColumn: Equatable {
    let series: Int
    let precision: Precision
    /// As many as there are samples.
    var values: [Int64]
  }

  /// POSIX time in milliseconds.
  var times: [Int64] = []
  /// Milliseconds that rates are means over.
  var ranges: [Int64] = []
  /// By ascending number.
  var columns: [JournalColumn] = []
  /// Of each sample.
  var items: [[ItemList]] = []

  init() {}

  /// The row of a few samples.
  init(_ samples: [FlatSample], series: SeriesTable) {
    times = samples.map(\.time)
    ranges = samples.map(\.elapsed)
    items = samples.map(\.items)
    // Indexed by series number: there are about as many series as values in a sample.
    var rows = [Int32](repeating: -1, count: series.end)
    var values: [(series: Int, values: [Double])] = []
    values.reserveCapacity(samples.first?.numbers.count ?? 0)
    for (slot, sample) in samples.enumerated() {
      for (number, value) in sample.numbers where number < rows.count {
        if rows[number] < 0 {
          rows[number] = Int32(values.count)
          values.append((number, [Double](repeating: .nan, count: samples.count)))
        }
        values[Int(rows[number])].values[slot] = value
      }
    }
    columns.reserveCapacity(values.count)
    for row in rows where row >= 0 {
      let (number, values) = values[Int(row)]
      guard let unit = series[number]?.unit else { continue }
      columns.append(Self.column(number, values, unit))
    }
  }

  private static func column(_ number: Int, _ values: [Double], _ unit: Unit) -> JournalColumn {
    let wanted = unit.precision
    var integers: [Int64] = []
    integers.reserveCapacity(values.count)
    for value in values {
      guard let integer = wanted.integer(value, factor: unit.archivedFactor) else {
        return JournalColumn(
          series: number, precision: .bits,
          values: values.map { Precision.bits.integer($0, factor: 1) ?? Precision.absent })
      }
      integers.append(integer)
    }
    return JournalColumn(series: number, precision: wanted, values: integers)
  }

  func encoded() -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(columns.count * (2 + 3 * times.count))
    body.append(varint: UInt64(times.count))
    var last: Int64 = 0
    for (time, range) in zip(times, ranges) {
      body.append(signed: time &- last)
      body.append(varint: range < 0 ? 0 : UInt64(range) + 1)
      last = time
    }
    body.append(varint: UInt64(columns.count))
    var number = 0
    for column in columns {
      body.append(varint: UInt64(column.series - number))
      number = column.series
      body.append(column.precision.byte)
      Self.append(column.values, column.precision, to: &body)
    }
    var texts = TextWriter()
    for lists in items {
      body.append(varint: UInt64(lists.count))
      for list in lists { texts.append(list, to: &body) }
    }
    return Envelope.seal(.journal, body)
  }

  private static func append(_ values: [Int64], _ precision: Precision, to body: inout [UInt8]) {
    var last: Int64 = 0
    for value in values {
      if value == Precision.absent {
        body.append(0)
      } else if precision == .bits {
        body.append(1)
        body.append(word: UInt32(truncatingIfNeeded: value))
        body.append(word: UInt32(truncatingIfNeeded: value >> 32))
      } else {
        let rest = value &- last
        // In steps of a precision there are less than 2⁵², so that 1 can be added.
        body.append(varint: UInt64(bitPattern: rest << 1 ^ rest >> 63) &+ 1)
        last = value
      }
    }
  }

  /// Reads a row.
  ///
  /// - Parameter wanted: the series that are wanted; nil for all and for the items too.
  init(_ bytes: [UInt8], wanted: Set<Int>? = nil) throws(DamagedBytes) {
    var reader = try Envelope.open(bytes, as: .journal)
    try self.init(from: &reader, wanted: wanted)
  }

  init(from reader: inout ByteReader, wanted: Set<Int>?) throws(DamagedBytes) {
    let count = try reader.count(atMost: reader.count)
    var time: Int64 = 0
    for _ in 0..<count {
      time = time &+ (try reader.signed())
      times.append(time)
      let range = try reader.varint()
      ranges.append(range == 0 ? Precision.absent : Int64(truncatingIfNeeded: range - 1))
    }
    try ArchiveBounds.check(times, ranges)
    let series = try reader.count(atMost: reader.count)
    columns.reserveCapacity(min(series, wanted?.count ?? series))
    var number = 0
    // Numbers ascend: reading stops after the last wanted one.
    let last = wanted.map { $0.max() ?? -1 } ?? .max
    for _ in 0..<series {
      number = try reader.series(after: number)
      if number > last { break }
      let precision = try Precision(byte: reader.byte())
      if wanted?.contains(number) ?? true {
        let values = try Self.values(count, precision, from: &reader)
        columns.append(JournalColumn(series: number, precision: precision, values: values))
      } else if precision == .bits {
        for _ in 0..<count where try reader.varint() != 0 { _ = try reader.bytes(8) }
      } else {
        for _ in 0..<count { try reader.skipVarint() }
      }
    }
    guard wanted == nil else { return }
    var texts = TextReader()
    for _ in 0..<count {
      var lists: [ItemList] = []
      for _ in 0..<(try reader.count(atMost: reader.count)) { lists.append(try texts.list(from: &reader)) }
      items.append(lists)
    }
  }

  private static func values(_ count: Int, _ precision: Precision, from reader: inout ByteReader) throws(DamagedBytes)
    -> [Int64]
  {
    var values: [Int64] = []
    values.reserveCapacity(count)
    var last: Int64 = 0
    for _ in 0..<count {
      let code = try reader.varint()
      if code == 0 {
        values.append(Precision.absent)
      } else if precision == .bits {
        let low = try reader.word()
        values.append(Int64(bitPattern: UInt64(low) | UInt64(try reader.word()) << 32))
      } else {
        let zigzag = code - 1
        last = last &+ (Int64(bitPattern: zigzag >> 1) ^ (0 &- Int64(zigzag & 1)))
        values.append(last)
      }
    }
    return values
  }
}

/// Writes texts that come again: the first time in full, then by its number.
///
/// A text is its number (varint); where that is the count of texts so far, the text itself follows.
private struct TextWriter {
  private var numbers: [String: Int] = [:]

  mutating func append(_ text: String, to bytes: inout [UInt8]) {
    if let number = numbers[text] {
      bytes.append(varint: UInt64(number))
    } else {
      bytes.append(varint: UInt64(numbers.count))
      bytes.append(text: text)
      numbers[text] = numbers.count
    }
  }

  mutating func append(_ texts: [String], to bytes: inout [UInt8]) {
    bytes.append(varint: UInt64(texts.count))
    for text in texts { append(text, to: &bytes) }
  }

  /// A list: path, labels, and of each entry its labels and fields; of a field name, unit, kind (0 number, 1 text, 2
  /// false, 3 true) and value.
  mutating func append(_ list: ItemList, to bytes: inout [UInt8]) {
    append(list.id, to: &bytes)
    append(list.labels, to: &bytes)
    bytes.append(varint: UInt64(list.items.count))
    for item in list.items {
      append(item.labels, to: &bytes)
      bytes.append(varint: UInt64(item.fields.count))
      for field in item.fields {
        append(field.name, to: &bytes)
        append(field.unit.rawValue, to: &bytes)
        switch field.value {
        case .number(let value):
          bytes.append(0)
          bytes.append(signed: value)
        case .text(let text):
          bytes.append(1)
          append(text, to: &bytes)
        case .flag(let flag): bytes.append(flag ? 3 : 2)
        }
      }
    }
  }
}

/// Reads the output of TextWriter.
private struct TextReader {
  private var texts: [String] = []

  mutating func text(from reader: inout ByteReader) throws(DamagedBytes) -> String {
    let number = try reader.count(atMost: texts.count)
    if number == texts.count { texts.append(try reader.text()) }
    return texts[number]
  }

  mutating func texts(from reader: inout ByteReader) throws(DamagedBytes) -> [String] {
    var result: [String] = []
    for _ in 0..<(try reader.count(atMost: reader.count)) { result.append(try text(from: &reader)) }
    return result
  }

  mutating func list(from reader: inout ByteReader) throws(DamagedBytes) -> ItemList {
    var list = ItemList(id: try text(from: &reader), labels: try texts(from: &reader))
    for _ in 0..<(try reader.count(atMost: reader.count)) {
      var item = Item(labels: try texts(from: &reader))
      for _ in 0..<(try reader.count(atMost: reader.count)) {
        let name = try text(from: &reader)
        let unit = Unit(rawValue: try text(from: &reader)) ?? .none
        let value: ItemField.FieldContent
        switch try reader.byte() {
        case 0: value = .number(try reader.signed())
        case 1: value = .text(try text(from: &reader))
        case 2: value = .flag(false)
        case 3: value = .flag(true)
        default: throw DamagedBytes(reason: "a field's kind is unknown")
        }
        item.fields.append(ItemField(name: name, unit: unit, value: value))
      }
      list.items.append(item)
    }
    return list
  }
}
