import AgentMetrics
import ArchiveTestSupport
import SystemIO
import TestSupport
import Testing

@testable import Archive

@Suite(.ownThreads) struct ArchiveFileTests {
  /// An archive's file in a folder, as the agent opens it.
  static func open(
    _ path: String, interval: Int = 30, retention: Retention = Retention(), sizeLimit: Int64? = nil,
    blockLength: Int? = nil
  ) throws -> ArchiveFile {
    let database = try Database(path: path, mode: .readWrite)
    if case .empty = try ArchiveSchema.look(at: database) {
      try ArchiveSchema.configure(database)
      try ArchiveSchema.create(in: database)
    }
    return try ArchiveFile(
      database, interval: interval, retention: retention, sizeLimit: sizeLimit, blockLength: blockLength)
  }

  @Test func whatWasWrittenIsRestored() throws {
    let folder = try TemporaryFolder()
    let samples = Array(DemoSamples().prefix(50))
    let file = try Self.open(folder.file("a.db"), blockLength: 22)
    // Some one by one, some together; complete blocks and a rest.
    for sample in samples.prefix(3) { try file.write([sample]) }
    try file.write(Array(samples[3..<30]))
    try file.write(Array(samples[30..<49]))
    try file.write(Array(samples[49...]))
    #expect(try file.database.integer("SELECT count(*) FROM block WHERE tier = 0") == 1)
    let restored = try ArchiveReader(file.database).samples(from: .min, to: .max)
    #expect(restored.count == samples.count)
    for (sample, back) in zip(samples, restored) {
      #expect(back.timestamp == sample.timestamp && back.elapsed == sample.elapsed)
      #expect(differences(sample, back) == [])
    }
    // An existing time is not written again.
    try file.write([samples[49]])
    #expect(try ArchiveReader(file.database).countSamples(from: .min + 1, to: .max - 1) == 50)
  }

  /// Devices are added and removed; each time is restored.
  @Test func addedAndRemovedDevicesAreRestored() throws {
    let folder = try TemporaryFolder()
    var samples = Array(DemoSamples().prefix(12))
    samples[3].gpus.removeAll()
    samples[4].gpus.removeLast()
    samples[5].cpu.perCore.remove(at: 7)
    samples[6].swap = nil
    samples[7].disks.swapAt(0, 2)
    samples[8].gpus[1].state = .lost
    samples[8].gpus[1].processes = nil
    samples[9].processes?.top = []
    samples[9].host.hostname = "räume \"1\", 2\n"
    samples[10].cpu.model = nil
    samples[10].disk?.readTotal = 0x1p53 + 2
    samples[11].load = nil
    let file = try Self.open(folder.file("a.db"), blockLength: 9)
    for sample in samples { try file.write([sample]) }
    let restored = try ArchiveReader(file.database).samples(from: .min, to: .max)
    #expect(restored.count == 12)
    for (index, (sample, back)) in zip(samples, restored).enumerated() {
      #expect(differences(sample, back) == [], "sample \(index)")
    }
    #expect(restored[10].disk?.readTotal == 0x1p53 + 2)
  }

  /// The file goes on where it ended, and so do the steps of its tiers.
  @Test func reopeningChangesNothing() throws {
    let folder = try TemporaryFolder()
    let samples = Array(DemoSamples().prefix(75))
    let whole = try Self.open(folder.file("whole.db"), blockLength: 30)
    try whole.write(samples)
    for start in stride(from: 0, to: samples.count, by: 15) {
      let file = try Self.open(folder.file("parts.db"), blockLength: 30)
      try file.write(Array(samples[start..<start + 15]))
      file.close()
    }
    let parts = try Self.open(folder.file("parts.db"), blockLength: 30)
    for tier in Tier.all {
      func content(_ file: ArchiveFile) throws -> [String] {
        let reader = ArchiveReader(file.database)
        return try reader.pieces(of: tier, from: .min, to: .max, wanted: nil).flatMap { piece -> [String] in
          if case .step(let row) = piece.source { return ["\(row)"] }
          return try reader.row(of: piece, wanted: nil).columns.map { "\($0.series) \($0.values)" }
        }
      }
      if tier.step > 0 { #expect(try content(parts) == content(whole), "tier \(tier.number)") }
      #expect(try ArchiveReader(parts.database).extent(of: tier) == ArchiveReader(whole.database).extent(of: tier))
    }
    #expect(try parts.database.integer("SELECT count(*) FROM journal WHERE id >= \(ArchiveSchema.journalBase(2))") == 3)
  }

  @Test func whatIsOldGoesAndItsRoomComesBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    var retention = Retention()
    retention.raw = 3_600
    retention.minutes = 3_600
    retention.quarters = 6 * 3_600
    let file = try Self.open(path, retention: retention, blockLength: 10)
    var samples = Array(DemoSamples(interval: 60).prefix(200))
    // A disk that was there at first only.
    for index in samples.indices where index < 20 { samples[index].disks[0].device = "sdz" }
    for start in stride(from: 0, to: 200, by: 10) { try file.write(Array(samples[start..<start + 10])) }
    let series = file.seriesCount
    let newest = Int64(samples[199].timestamp.seconds * 1_000)
    let before = try #require(try file.database.integer("PRAGMA page_count"))
    try file.prune(now: newest)
    let reader = ArchiveReader(file.database)
    let raw = try #require(try reader.extent(of: .raw))
    #expect(raw.lowerBound >= newest - 3_600_000 - 600_000 && raw.upperBound == newest)
    // Quarters of an hour are still available.
    #expect(try #require(try reader.extent(of: .quarter)).lowerBound < newest - 3 * 3_600_000)
    let after = try #require(try file.database.integer("PRAGMA page_count"))
    #expect(after < before * 2 / 3)
    #expect(try file.database.integer("PRAGMA freelist_count") == 0)
    #expect(file.seriesCount == series, "the quarters still have the disk")
    try file.prune(now: newest + 30 * 86_400_000)
    #expect(try reader.extent(of: .raw) == nil)
    // Samples outside of a block stay until they are in one.
    try file.write(Array(DemoSamples(from: 1_790_000_000 + 201 * 60, interval: 60).prefix(3)))
    #expect(try reader.samples(from: .min, to: .max).count >= 3)
  }

  @Test func theSizeIsKept() throws {
    let folder = try TemporaryFolder()
    let file = try Self.open(folder.file("a.db"), sizeLimit: 700_000, blockLength: 10)
    let samples = Array(DemoSamples().prefix(120))
    var largest: Int64 = 0
    for start in stride(from: 0, to: 120, by: 10) {
      try file.write(Array(samples[start..<start + 10]))
      try file.prune(now: Int64(samples[start + 9].timestamp.seconds * 1_000))
      largest = max(largest, (try file.database.integer("PRAGMA page_count") ?? 0) * 4_096)
    }
    #expect(largest <= 720_000)
    let left = try ArchiveReader(file.database).samples(from: .min, to: .max)
    #expect(left.count >= 10 && left.last?.timestamp == samples[119].timestamp)
    #expect(try file.database.text("PRAGMA quick_check") == "ok")
  }

  @Test(arguments: [
    ("7d,90d,2y", 7.0 * 86_400, 90.0 * 86_400, 730.0 * 86_400), ("3600s,60m,1h", 3_600, 3_600, 3_600),
    ("1w,1w,52w", 604_800, 604_800, 31_449_600),
  ])
  func retentionIsRead(text: String, raw: Double, minutes: Double, quarters: Double) {
    let retention = Retention(text)
    #expect(retention?.raw == raw && retention?.minutes == minutes && retention?.quarters == quarters)
  }

  @Test(arguments: [
    "", "7d", "7d,90d", "7d,90d,2y,", "90d,7d,2y", "7,90,730", "-7d,90d,2y", "+7d,90d,2y", "d,d,d", "0d,1d,2d",
  ])
  func retentionIsRefused(text: String) {
    #expect(Retention(text) == nil)
  }

  @Test func sizesAreRead() {
    #expect(parseSize("500M") == 500 << 20 && parseSize("2G") == 2 << 30 && parseSize("1T") == 1 << 40)
    for text in ["", "G", "-1G", "+1G", "0G", "1", "1g", "9999999999999T"] {
      #expect(parseSize(text) == nil, "\(text)")
    }
  }
}
