import AgentMetrics
import ArchiveTestSupport
import TestSupport
import Testing

@testable import Archive

@Suite struct CodecTests {
  /// Rows as machines make them, and rows that no machine makes.
  static func columns(seed: UInt64) -> [[Int64]] {
    var generator = SeededGenerator(seed: seed)
    func random(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &generator) }
    let count = Int(random(1...300))
    var result: [[Int64]] = []
    let constant = random(-1_000_000...1_000_000)
    result.append([Int64](repeating: constant, count: count))
    var total = random(0...(1 << 50))
    let pace = random(0...(1 << 20))
    result.append(
      (0..<count).map { _ in
        total += pace + random(0...max(1, pace / 8))
        return total
      })
    var level = random(-500...500)
    result.append(
      (0..<count).map { _ in
        level += random(-3...3)
        return level
      })
    result.append((0..<count).map { _ in random(.min...(.max)) })
    result.append((0..<count).map { _ in random(0...1) * 512 + 7 })
    result.append((0..<count).map { _ in random(0...9) == 0 ? Precision.absent : random(-1...1) })
    result.append((0..<count).map { $0 < count / 2 ? Precision.absent : 5 })
    result.append([Int64](repeating: Precision.absent, count: count))
    result.append((0..<count).map { $0 % 2 == 0 ? .max : .min + 1 })
    return result
  }

  @Test func columnsComeBack() throws {
    for seed in UInt64(1)...60 {
      for column in Self.columns(seed: seed) {
        #expect(try ColumnCodec.decode(ColumnCodec.encode(column)[...], count: column.count) == column, "seed \(seed)")
      }
    }
  }

  @Test func chunksComeBack() throws {
    for seed in UInt64(1)...30 {
      for column in Self.columns(seed: seed) {
        for precision in [Precision.decimals(0), .decimals(4), .bits] {
          let chunk = Chunk.values(precision, column)
          #expect(try Chunk(chunk.encoded(), count: column.count) == chunk)
        }
      }
    }
    let same = Chunk.same(as: 1_048_575)
    #expect(try Chunk(same.encoded(), count: 9) == same)
  }

  @Test(arguments: [false, true]) func rollupsComeBack(isCounter: Bool) throws {
    var generator = SeededGenerator(seed: 5)
    for precision in [Precision.decimals(2), .bits] {
      var rollup = Chunk.Rollup(slots: 200, isCounter: isCounter)
      for slot in 0..<200 where slot % 7 != 0 {
        let minimum = Int64.random(in: -1_000...1_000, using: &generator)
        let spread = Int64.random(in: 0...100, using: &generator)
        rollup.counts[slot] = Int64.random(in: 1...30, using: &generator)
        rollup.minimum[slot] = minimum
        rollup.maximum[slot] = minimum + spread
        rollup.sums[slot] = isCounter ? minimum + spread : rollup.counts[slot] * minimum + spread
      }
      let chunk = Chunk.rollup(precision, rollup)
      #expect(try Chunk(chunk.encoded(), count: 200) == chunk)
    }
  }

  /// Numbers come back as JSON shows them, whichever they are.
  @Test func numbersComeBackToTheirLastDigit() throws {
    var generator = SeededGenerator(seed: 11)
    for unit in AgentMetrics.Unit.allCases {
      var digit = 1.0
      for _ in 0..<unit.decimals { digit /= 10 }
      for _ in 0..<2_000 {
        let magnitude = Double.random(in: -6...12, using: &generator)
        var value = 1.0
        for _ in 0..<Int(magnitude.magnitude) { value *= magnitude < 0 ? 0.1 : 10 }
        value *= Double.random(in: -9.99...9.99, using: &generator)
        guard let integer = unit.precision.integer(value, factor: unit.archivedFactor) else { continue }
        let back = unit.precision.value(integer, factor: unit.archivedFactor)
        #expect(abs(back - value) / unit.archivedFactor <= digit * 0.5 * (1 + 1e-9) + abs(value) * 1e-15)
        // A second round trip is lossless.
        #expect(unit.precision.integer(back, factor: unit.archivedFactor) == integer)
      }
    }
  }

  @Test func tiesGoToEvenDigitsOfTheExactValue() {
    let precision = Precision.decimals(2)
    #expect(precision.integer(0.125, factor: 1) == 12)
    #expect(precision.integer(0.375, factor: 1) == 38)
    #expect(precision.integer(-0.125, factor: 1) == -12)
    // 1.485 is a little more than it says, and its product with 100 looks like a tie.
    #expect(precision.integer(1.485, factor: 1) == 149)
    #expect(precision.integer(1e300, factor: 1) == nil)
    #expect(precision.integer(.nan, factor: 1) == Precision.absent)
  }

  static func row(_ samples: Int) -> JournalRow {
    let flattener = SampleFlattener(series: SeriesTable(), texts: [:])
    let flats = DemoSamples().prefix(samples).map { flattener.flatten($0) }
    return JournalRow(flats, series: flattener.series)
  }

  @Test(arguments: [1, 7]) func journalRowsComeBack(samples: Int) throws {
    let row = Self.row(samples)
    #expect(row.columns.count > 800 && row.items.count == samples)
    let bytes = row.encoded()
    #expect(try JournalRow(bytes) == row)
    let one = try JournalRow(bytes, wanted: [row.columns[100].series])
    #expect(one.columns == [row.columns[100]] && one.times == row.times && one.items.isEmpty)
  }

  @Test func listsThatComeAndGoComeBack() throws {
    let lists = Self.row(20).items
    #expect(lists.allSatisfy { !$0.isEmpty })
    let bytes = ItemsBlock.encode(lists)
    #expect(bytes.count < 20 * 500)
    let back = try ItemsBlock.decode(bytes, count: lists.count)
    // Fields come in the order in which each was first seen.
    func sorted(_ lists: [[ItemList]]) -> [[ItemList]] {
      lists.map { sample in
        sample.map { list in
          var list = list
          list.items = list.items.map { item in
            var item = item
            item.fields.sort { $0.name < $1.name }
            return item
          }
          return list
        }
      }
    }
    #expect(sorted(back) == sorted(lists))
  }

  @Test func everyFlippedBitIsFound() throws {
    let bytes = Chunk.values(.decimals(1), (0..<120).map { Int64($0 * $0 % 17) }).encoded()
    for index in bytes.indices {
      for bit in UInt8(0)..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        #expect(throws: DamagedBytes.self) { try Chunk(damaged, count: 120) }
      }
    }
  }

  /// Neither cut nor garbled bytes stop the program; their checksum is left out of it, as if it were right by chance.
  @Test func damagedBytesDoNoHarm() throws {
    func withoutSum(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.dropFirst(5)) }
    func read(_ bytes: Span<UInt8>, _ body: (inout ByteReader) throws -> Void) {
      var copy: [UInt8] = []
      for index in bytes.indices { copy.append(bytes[index]) }
      var reader = ByteReader(copy)
      try? body(&reader)
    }
    let column = Self.columns(seed: 3)[1]
    surviveTruncationAndMutation(of: ColumnCodec.encode(column), mutations: 4_000) { bytes in
      read(bytes) { _ = try ColumnCodec.decode($0.rest, count: column.count) }
    }
    let rollup = Chunk.Rollup(slots: 50, isCounter: false)
    surviveTruncationAndMutation(of: withoutSum(Chunk.rollup(.decimals(1), rollup).encoded()), mutations: 4_000) {
      bytes in
      read(bytes) { _ = try Chunk(.rollup, &$0, count: 50) }
    }
    let items = Self.row(3).items
    surviveTruncationAndMutation(of: withoutSum(ItemsBlock.encode(items)), mutations: 2_000) { bytes in
      read(bytes) { _ = try ItemsBlock.decode(from: &$0, count: 3) }
    }
    var row = Self.row(2)
    row.columns = Array(row.columns.prefix(40))
    surviveTruncationAndMutation(of: withoutSum(row.encoded()), mutations: 2_000) { bytes in
      read(bytes) { _ = try JournalRow(from: &$0, wanted: nil) }
    }
    var step = RollupRow(time: 60_000)
    step.cells = (1..<40).map {
      RollupRow.RollupCell(
        series: $0, precision: .decimals(1), isCounter: $0 % 2 == 0, count: 4, minimum: Int64($0), maximum: 900,
        sum: 1_000)
    }
    #expect(try RollupRow(step.encoded()) == step)
    surviveTruncationAndMutation(of: withoutSum(step.encoded()), mutations: 2_000) { bytes in
      read(bytes) { _ = try RollupRow(from: &$0, wanted: nil) }
    }
    surviveTruncationAndMutation(of: Array("3:cpu0:12:räume 1 & 2:".utf8), mutations: 2_000) { bytes in
      read(bytes) { _ = [String](netstrings: String(decoding: $0.rest, as: UTF8.self)) }
    }
  }

  @Test(arguments: [[], [""], ["0"], ["a", "", "3:x"], ["räume", "1:2:3"]])
  func labelsComeBack(labels: [String]) {
    #expect([String](netstrings: labels.netstrings) == labels)
  }

  /// The mix of a usual machine: 40 % counters, 30 % levels with one decimal, 20 % constants, 10 % noisy shares.
  @Test func aValueTakesAboutAByte() {
    var generator = SeededGenerator(seed: 7)
    func noise() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) } }
    var bytes = 0
    var count = 0
    for index in 0..<60 {
      var value = index < 24 ? 1e9 : 50
      let pace = [30.0, 1_000, 20_000][index % 3]
      let unit: AgentMetrics.Unit = index < 24 ? .bytes : index < 42 ? .celsius : index < 54 ? .count : .ratio
      let column = (0..<300).map { _ -> Int64 in
        switch index {
        case 0..<24: value += max(0, pace + 0.1 * pace * noise()).rounded()
        case 24..<42: value += 0.3 * noise()
        case 42..<54: break
        default: value = 0.5 + 0.02 * noise()
        }
        return unit.precision.integer(value, factor: 1) ?? 0
      }
      bytes += Chunk.values(unit.precision, column).encoded().count
      count += column.count
    }
    #expect(Double(bytes) / Double(count) < 1)
  }
}
