package import AgentMetrics
package import Query

extension History {
  /// Maximum number of samples that one visit passes.
  package static let maxVisitedSamples = 25_000

  /// Passes the main track's samples between two times, both included, oldest first: those before memory from the
  /// archive, in parts, so that few are held at a time.
  ///
  /// Where the archive is unreadable, memory answers alone.
  package func visitSamples(
    from start: Double, to end: Double, _ body: (Sample) -> Void
  ) async throws(Columns.TooLarge) {
    let inMemory = all.filter { (start...end).contains($0.sample.timestamp.seconds) }
    // A sample more than a millisecond earlier than the first in memory is another one.
    let first = all.map(\.sample.timestamp.seconds).min() ?? .infinity
    var count = inMemory.count
    if let archive, let oldest = archive.oldest, start < first - 0.001 {
      let last = min(end, first - 0.001)
      var next = max(start, oldest)
      var length = Double(Self.partSamples * interval)
      while next <= last {
        let stop = min(last, next + length)
        do {
          let part = try await archive.samples(from: next, to: stop, step: nil, limit: Self.partSamples)
          count += part.count
          guard count <= Self.maxVisitedSamples else { throw Columns.TooLarge(ofRows: count) }
          for sample in part { body(sample) }
          // The times of samples are whole milliseconds.
          next = stop + 0.001
        } catch let error as Columns.TooLarge {
          // Samples are closer than today's interval.
          guard error.rows <= Self.partSamples + 1, length > 2, count <= Self.maxVisitedSamples else { throw error }
          length /= 2
        } catch {
          break
        }
        if Task.isCancelled { return }
      }
    }
    guard count <= Self.maxVisitedSamples else { throw Columns.TooLarge(ofRows: count) }
    for entry in inMemory { body(entry.sample) }
  }

  /// Samples that are read from the archive at a time.
  private static let partSamples = 500
}
