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
}
