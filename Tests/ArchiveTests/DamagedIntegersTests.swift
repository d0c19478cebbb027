import AgentMetrics
import ArchiveTestSupport
import Glibc
import Query
import SystemIO
import TestSupport
import Testing

@testable import Archive

/// Integers of the file that no agent wrote: of another program, a damaged disk, or an attacker.
@Suite(.ownThreads) struct DamagedIntegersTests {
  /// A small file with blocks, rows of the journal, texts and events.
  static func make(_ path: String) throws {
    let file = try ArchiveFileTests.open(path, blockLength: 8)
    var samples = Array(DemoSamples().prefix(30))
    for index in samples.indices {
      var events = MachineEvents()
      events.new = [MachineEvent(.gap, at: samples[index].timestamp.seconds, "a gap")]
      samples[index].events = events
    }
    try file.write(Array(samples[..<10]))
    try file.write(Array(samples[10..<20]))
    for sample in samples[20...] { try file.write([sample]) }
    try file.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
  }

  /// Opens the file for writing and reading, as an agent and the commands do.
  static func use(_ path: String) throws {
    let samples = DemoSamples(from: 1_790_000_900).prefix(3)
    let file = try ArchiveFileTests.open(path, blockLength: 8)
    defer { file.close() }
    try file.write(Array(samples))
    try file.prune(now: 1_790_001_000_000)
    let reader = ArchiveReader(file.database)
    let times = ArchiveBounds.times
    _ = try reader.samples(from: times.lowerBound, to: times.upperBound)
    _ = try reader.countSamples(from: times.lowerBound, to: times.upperBound)
    _ = try reader.newest(before: times.upperBound)
    _ = try reader.means(from: times.lowerBound, to: times.upperBound, step: 60_000, limit: 1_000) { _ in }
    let access = try ArchiveAccess(path, for: .reading)
    defer { access.close() }
    try access.samples(from: -.infinity, to: .infinity) { _ in }
    for step in [nil, 60, 3_600] {
      try access.columns([SeriesSelector("cpu.*")], from: 1.79e9, to: 1.7901e9, step: step) { _ in }
    }
    _ = try access.events(EventQuery())
  }

  /// Every one of them is refused or harmless.
  @Test func everyInteger() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    try Self.make(path)
    try Self.use(path)
    let whole = try Files.contents(of: path)
    let columns = [
      "journal.id", "journal.t0", "journal.t1", "journal.n", "block.id", "block.tier", "block.t0", "block.t1",
      "block.n", "chunk.id", "items.block", "text.series", "text.t", "series.id", "series.kind", "series.used",
      "event.t", "event.n", "meta.value",
    ]
    let values: [String] = [
      "-9223372036854775807 - 1", "9223372036854775807", "4611686018427387904", "-1", "200000000000001", "1 << 43",
      "'x'",
    ]
    var refused = 0
    for (place, column) in columns.enumerated() {
      let (table, name) = (column.prefix { $0 != "." }, column.drop { $0 != "." }.dropFirst())
      // Three of the values each: all of them would take a minute.
      for (index, value) in values.enumerated() where (place + 2 * index) % 7 < 3 {
        let order = index.isMultiple(of: 2) ? "ASC" : "DESC"
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        try Files.replace(path, with: whole, mode: 0o600)
        let database = try Database(path: path, mode: .readWrite)
        // A key may be taken, or may not be a text.
        try? database.execute(
          """
          UPDATE OR IGNORE \(table) SET \(name) = \(value)
          WHERE \(name) = (SELECT \(name) FROM \(table) ORDER BY \(name) \(order) LIMIT 1)
          """)
        try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        do { try Self.use(path) } catch { refused += 1 }
      }
    }
    #expect(refused > 20, "\(refused)")
  }

  @Test(arguments: [
    "UPDATE journal SET t0 = -9223372036854775808", "INSERT INTO block VALUES(9223372036854775807, 0, 0, 1, 1, x'00')",
    "INSERT INTO block VALUES(100, 0, -9223372036854775808, 9223372036854775807, 1, x'00')",
    "UPDATE meta SET value = 9223372036854775807 WHERE name = 'raw_interval'",
    "UPDATE meta SET value = -9223372036854775808 WHERE name = 'raw_interval'",
  ])
  func theFileIsMovedAside(statement: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    try Self.make(path)
    let database = try Database(path: path, mode: .readWrite)
    try database.execute(statement)
    database.close()
    #expect(throws: ArchiveFailure.self) { try ArchiveAccess(path, for: .reading) }
    let bench = ArchiveTests.Bench(path)
    bench.archive.start()
    bench.add(ArchiveTests.recent(3))
    #expect(bench.reports.wait(for: "it is damaged") != nil)
    #expect(bench.reports.wait(for: "was renamed") != nil)
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    #expect(try ArchiveTests.stored(path).count == 3)
  }

  /// Times within a block or a row, whose checksum is right.
  @Test func timesOfRows() {
    var row = JournalRow()
    row.ranges = [Precision.absent]
    row.items = [[]]
    for time in [Int64.min, .max, ArchiveBounds.times.upperBound + 1] {
      row.times = [time]
      #expect(throws: DamagedBytes.self) { try JournalRow(row.encoded()) }
      #expect(throws: DamagedBytes.self) { try RollupRow(RollupRow(time: time).encoded()) }
      let head = BlockHead(times: [time], ranges: [0])
      #expect(throws: DamagedBytes.self) { try BlockHead(head.encoded(), count: 1) }
    }
  }
}
