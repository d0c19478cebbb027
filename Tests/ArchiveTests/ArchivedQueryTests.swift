import AgentMetrics
import ArchiveTestSupport
import Query
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Archive

/// The same question, answered from memory and from the file.
@Suite(.ownThreads) struct ArchivedQueryTests {
  /// Thirty-second samples, some of them left out: the agent did not run.
  static let samples: [Sample] = {
    var samples = Array(DemoSamples().prefix(135))
    samples.removeSubrange(60..<75)
    // As after a start: the first sample after a gap covers only its own two readings.
    samples[60].elapsed = 0.25
    return samples
  }()

  static let selectors = [SeriesSelector("cpu.usage"), SeriesSelector("gpus.util"), SeriesSelector("disk.*_total")]

  static func memory(_ samples: [Sample], capacity: Int = 1_000) -> History {
    let history = History(capacity: capacity, interval: 30)
    for sample in samples { history.append(sample) }
    return history
  }

  /// An archive that holds the samples and is being written to no more.
  static func archive(_ folder: TemporaryFolder, _ samples: [Sample], history: History) throws -> Archive {
    let file = try ArchiveFileTests.open(folder.file("a.db"), blockLength: 16)
    // Some together, some alone, as a flush finds them.
    for start in stride(from: 0, to: samples.count, by: 7) {
      try file.write(Array(samples[start..<min(samples.count, start + 7)]))
    }
    file.close()
    let archive = Archive(path: folder.file("a.db"), history: history) { _ in }
    archive.noteExtent(of: try Database(path: folder.file("a.db"), mode: .readOnly))
    return archive
  }

  static func expectSame(_ found: Columns, _ wanted: Columns, extremes: Bool = true) {
    #expect(found.timestamps == wanted.timestamps)
    #expect(found.series.map(\.key) == wanted.series.map(\.key))
    for (left, right) in zip(found.series, wanted.series) {
      var digit = left.metric.definition.unit.archivedFactor
      for _ in 0..<left.metric.definition.unit.decimals { digit /= 10 }
      func isSame(_ left: [Double], _ right: [Double]) -> Bool {
        left.count == right.count
          && zip(left, right).allSatisfy { $0.isNaN ? $1.isNaN : abs($0 - $1) <= digit * 0.5000001 + abs($1) * 1e-12 }
      }
      #expect(isSame(left.values, right.values), "values of \(left.key)")
      #expect(isSame(left.minima, right.minima), "minima of \(left.key)")
      #expect(isSame(left.maxima, right.maxima), "maxima of \(left.key)")
    }
  }

  /// The quarter of an hour with the first sample began before it, and has no values there.
  @Test func theOldestIsTheFirstSample() throws {
    let folder = try TemporaryFolder()
    let samples = Array(
      Self.samples.drop { !(300...600).contains($0.timestamp.seconds.truncatingRemainder(dividingBy: 900)) })
    try #require(samples.count > 60)
    let archive = try Self.archive(folder, samples, history: Self.memory(samples))
    #expect(archive.oldest == samples[0].timestamp.seconds)
  }

  @Test func noGapIsBetweenTwoSeconds() async throws {
    let folder = try TemporaryFolder()
    let file = try ArchiveFileTests.open(folder.file("a.db"), interval: 1)
    var samples = Array(DemoSamples(interval: 1).prefix(10))
    samples[5].elapsed = 0.25
    samples.remove(at: 7)
    try file.write(samples)
    let columns = try ArchiveReader(file.database).columns(
      [SeriesSelector("cpu.usage")], from: .min + 1, to: .max - 1, step: nil, limit: .max)
    // One row for the removed sample.
    #expect(columns?.times.count == 10)
    file.close()
  }

  @Test(arguments: [nil, 60, 300, 900, 1_800, 3_600])
  func columnsAreThoseOfMemory(step: Int?) async throws {
    let folder = try TemporaryFolder()
    let all = Self.memory(Self.samples)
    let archive = try Self.archive(folder, Self.samples, history: all)
    let query = HistoryQuery(.between(nil, nil), step: step)
    let wanted = try all.columns(query, Self.selectors, extremes: true)
    let found = try await archive.columns(
      Self.selectors, from: 0, to: 4e9, step: step, extremes: true, limit: Columns.maxValues)
    Self.expectSame(found, wanted)
    #expect(wanted.series.count == 13)
  }

  /// Memory holds the end only.
  @Test(arguments: [nil, 60, 900, 3_600])
  func memoryAndFileAnswerTogether(step: Int?) async throws {
    let folder = try TemporaryFolder()
    let whole = Self.memory(Self.samples)
    for capacity in [10, 55, 90] {
      let recent = Self.memory(Self.samples, capacity: capacity)
      let archive = try Self.archive(folder, capacity == 10 ? Self.samples : [], history: recent)
      recent.archive = archive
      let query = HistoryQuery(.between(nil, nil), step: step)
      let found = try await recent.columns(for: query, Self.selectors, extremes: true)
      Self.expectSame(found, try whole.columns(query, Self.selectors, extremes: true))
      let samples = try await recent.samples(for: query)
      func steps(_ entries: [History.Entry]) -> [Double] {
        query.steps(of: entries, interval: 30).filter { !$0.samples.isEmpty }.map(\.timestamp)
      }
      #expect(steps(samples) == steps(whole.all))
      if step == nil {
        #expect(samples.map(\.sample.timestamp) == Self.samples.map(\.timestamp))
      }
      let time = Timestamp(seconds: Self.samples[17].timestamp.seconds + 12)
      let entry = await recent.archivedEntry(at: time)
      #expect(entry?.sample.timestamp == Self.samples[17].timestamp)
      #expect(entry.map { differences(Self.samples[17], $0.sample) } == [])
      // Who used the GPU then.
      #expect(entry?.sample.gpus[0].processes?.first?.name == "python3")
    }
  }

  @Test func tooManyAreRefused() async throws {
    let folder = try TemporaryFolder()
    let recent = Self.memory(Self.samples, capacity: 10)
    let archive = try Self.archive(folder, Self.samples, history: recent)
    await #expect(throws: Columns.TooLarge.self) { try await archive.samples(from: 0, to: 4e9, step: nil, limit: 100) }
    await #expect(throws: Columns.TooLarge.self) { try await archive.samples(from: 0, to: 4e9, step: 30, limit: 100) }
    await #expect(throws: Columns.TooLarge.self) {
      try await archive.columns([SeriesSelector("*")], from: 0, to: 4e9, step: 30, extremes: false, limit: 10_000)
    }
    #expect(try await archive.samples(from: 0, to: 4e9, step: nil, limit: 130).count == 120)
  }

  /// A clock that was set back repeats some times: the later samples count.
  @Test func noTimeIsDuplicated() throws {
    let folder = try TemporaryFolder()
    let file = try ArchiveFileTests.open(folder.file("a.db"))
    let samples = Array(DemoSamples().prefix(60))
    try file.write(Array(samples[..<40]))
    var back = Array(DemoSamples(from: 1_790_000_000 + 10 * 30 + 5).prefix(60))
    for index in back.indices { back[index].cpu.usage = 0.125 }
    try file.write(Array(back))
    try file.write([back[59]])
    let reader = ArchiveReader(file.database)
    let times = try reader.pieces(of: .raw, from: .min, to: .max, wanted: []).flatMap(\.timestamps)
    #expect(times == times.sorted() && Set(times).count == times.count)
    let restored = try reader.samples(from: .min, to: .max)
    #expect(restored.filter { $0.cpu.usage == 0.125 }.count == 60)
    #expect(restored.count == 71)
  }
}
