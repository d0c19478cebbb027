import AgentMetrics
import ArchiveTestSupport
import Query
import TestSupport
import Testing

@testable import Archive

/// Samples of a clock that was wrong, beside those of the true time.
@Suite struct WrongClockTests {
  /// The agent starts before the clock is set: texts, parts and lists of the true time are there all the same.
  @Test(arguments: [false, true]) func aClockThatWasAhead(reopens: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    var ahead = Array(DemoSamples(from: 1_790_003_600).prefix(6))
    for index in ahead.indices { ahead[index].host.hostname = "not yet named" }
    ahead[3].gpus.removeAll()
    ahead[4].swap = nil
    ahead[5].disks.removeLast()
    let samples = Array(DemoSamples(from: 1_790_000_000).prefix(135))
    var file = try ArchiveFileTests.open(path, blockLength: 40)
    try file.write(ahead)
    if reopens {
      file.close()
      file = try ArchiveFileTests.open(path, blockLength: 40)
    }
    try file.write([samples[0]])
    // Texts of the journal stay, though its samples are older than the first block.
    try file.prune(now: 1_790_000_030_000)
    try file.write(Array(samples[1..<119]))
    if reopens {
      file.close()
      file = try ArchiveFileTests.open(path, blockLength: 40)
    }
    // Here the true time reaches that of the first samples.
    for sample in samples[119...] { try file.write([sample]) }
    let restored = try ArchiveReader(file.database).samples(from: .min, to: .max)
    #expect(restored.map(\.timestamp) == samples.map(\.timestamp))
    for (index, (sample, back)) in zip(samples, restored).enumerated() {
      #expect(differences(sample, back) == [], "sample \(index)")
    }
    file.close()
  }

  /// Centuries without samples are skipped; a batch for each of their windows would take hours.
  @Test(arguments: [3_600.0, 95_617_584_000]) func centuriesWithoutSamples(wrong: Double) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let samples = Array(DemoSamples().prefix(20))
    let odd = Array(DemoSamples(from: wrong).prefix(1))
    let file = try ArchiveFileTests.open(path, interval: 1)
    try file.write(wrong < 1e9 ? odd + samples : samples + odd)
    file.close()
    let access = try ArchiveAccess(path, for: .reading)
    var times: [Timestamp] = []
    try access.samples(from: -.infinity, to: .infinity) { times.append($0.timestamp) }
    #expect(times == (wrong < 1e9 ? odd + samples : samples + odd).map(\.timestamp))
    for step in [nil, 30, 900] {
      var batches = 0
      var rows = 0
      try access.columns([SeriesSelector("cpu.usage")], from: -.infinity, to: .infinity, step: step) { columns in
        batches += 1
        rows += columns.series.first?.values.count { !$0.isNaN } ?? 0
      }
      #expect(batches <= 6, "step \(step ?? 0)")
      // The quarter of an hour of the lone sample may end in a batch of its own.
      #expect((step == 900 ? 2...3 : 21...22).contains(rows), "step \(step ?? 0)")
    }
    access.close()
  }
}
