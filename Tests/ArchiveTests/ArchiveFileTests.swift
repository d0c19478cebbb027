import AgentMetrics
import ArchiveTestSupport
import SystemIO
import TestSupport
import Testing

@testable import Archive

@Suite(.ownThreads) struct ArchiveFileTests {
  /// An archive's file in a folder, as the agent opens it.
  static func open(
    _ path: String, interval: Int = 30, retention: Retention = Retention(), sizeLimit: Int64? = nil
  ) throws -> ArchiveFile {
    let database = try Database(path: path, mode: .readWrite)
    if case .empty = try Schema.look(at: database) {
      try Schema.configure(database)
      try Schema.create(in: database)
    }
    return try ArchiveFile(database, interval: interval, retention: retention, sizeLimit: sizeLimit)
  }

  @Test func whatWasWrittenIsRestored() throws {
    let folder = try TemporaryFolder()
    let samples = Array(DemoSamples().prefix(300))
    let file = try Self.open(folder.file("a.db"))
    // Some one by one, some together; more than a block.
    for sample in samples.prefix(3) { try file.write([sample]) }
    try file.write(Array(samples[3..<200]))
    try file.write(Array(samples[200..<299]))
    try file.write(Array(samples[299...]))
    let restored = try ArchiveReader(file.database).samples(from: .min, to: .max)
    #expect(restored.count == samples.count)
    for (sample, back) in zip(samples, restored) {
      #expect(back.timestamp == sample.timestamp)
      #expect(back.elapsed == sample.elapsed)
      #expect(differences(sample, back) == [])
    }
  }
}
