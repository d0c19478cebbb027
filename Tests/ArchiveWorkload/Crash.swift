import AgentMetrics
import ArchiveTestSupport
import SystemIO

@testable import Archive

extension ArchiveWorkload {
  /// Writes ten samples a second until it is killed, and prints the time up to which they are in the file.
  ///
  /// It continues at the end of the file, like a restarted agent.
  static func crash(_ path: String) throws {
    let database = try Database(path: path, mode: .readWrite)
    if case .empty = try ArchiveSchema.look(at: database) {
      try ArchiveSchema.configure(database)
      try ArchiveSchema.create(in: database)
    } else {
      try ArchiveSchema.configure(database)
    }
    // Short blocks: many of the kills hit the writing of one, and a restart has little of the journal to decode, which
    // took most of the time of a debug build.
    let file = try ArchiveFile(database, interval: 1, retention: Retention(), sizeLimit: nil, blockLength: 60)
    let step = 0.1
    var time = file.newest.map { Double($0) / 1_000 } ?? 1_790_000_000
    var samples = DemoSamples(from: time, interval: step)
    while let sample = samples.next() {
      time += step
      try file.write([sample])
      StandardStreams.write("\(Int64((sample.timestamp.seconds * 1_000).rounded()))\n", to: 1)
      // Ten a second make a block in six seconds; at full speed one takes less than a second.
      if getenv("PACE") != nil { usleep(100_000) }
    }
  }
}
