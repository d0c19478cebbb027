internal import AgentMetrics
internal import SampleStore
internal import SystemIO

extension Archive {
  /// Restores the newest samples, as many as the History holds and no older than it reaches back.
  ///
  /// - Returns: the newest sample of whatever age.
  func restore(from reader: ArchiveReader) throws(SQLiteError) -> Sample? {
    // Decoded blocks are many times as large as the samples that stay.
    defer { ProcessSettings.trimHeap() }
    let now = Clock.realtime
    let boottime = Clock.boottime
    let reach = Double(history.capacity) * Double(history.interval)
    let end = Int64(now * 1_000)
    var samples: [Sample] = []
    for range in try reader.parts(from: Int64((now - reach) * 1_000), to: end, limit: history.capacity) {
      for var sample in try reader.samples(from: range.lowerBound, to: range.upperBound) {
        // By the clock of this boot, as if the machine had been up then.
        sample.boottime = boottime - (now - sample.timestamp.seconds)
        samples.append(sample)
      }
    }
    history.restore(samples)
    if let newest = samples.last { return newest }
    guard let newest = try reader.newest(before: end) else { return nil }
    return try reader.samples(from: newest, to: newest).last
  }
}

extension ArchiveReader {
  /// Splits the newest raw samples of a time range into parts that are read one after the other: blocks, and a few rows
  /// of the journal each.
  ///
  /// - Parameter limit: number of samples. Where they were taken more often than now, they reach back less far: memory
  ///   holds as many, whatever lies between them.
  func parts(from start: Int64, to end: Int64, limit: Int) throws(SQLiteError) -> [ClosedRange<Int64>] {
    let pieces = try pieces(of: .raw, from: start, to: end, wanted: [])
    guard let oldest = pieces.flatMap(\.timestamps).suffix(limit).first else { return [] }
    var parts: [ClosedRange<Int64>] = []
    /// Rows of the journal in the last part; nil for a block.
    var rows: Int?
    for piece in pieces {
      guard let first = piece.timestamps.first, let last = piece.timestamps.last, last >= oldest else { continue }
      if case .samples = piece.source, let count = rows, count < 64, let part = parts.last, part.lowerBound <= last {
        parts[parts.count - 1] = part.lowerBound...last
        rows = count + 1
      } else {
        parts.append(max(first, oldest)...last)
        if case .samples = piece.source { rows = 1 } else { rows = nil }
      }
    }
    return parts
  }
}
