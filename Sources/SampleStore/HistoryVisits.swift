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
    guard start <= end else { return }
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

  /// Passes the samples of a window as ``visitSamples(from:to:_:)`` does, and those beside it: the last one up to its start,
  /// from which counters grow, and the first one after its end, whose interval may begin in it.
  ///
  /// - Parameter lead: seconds before the start from which on all samples are passed.
  package func visitSamples(
    in window: SampleWindow, lead: Double = 0, _ body: (Sample) -> Void
  ) async throws(Columns.TooLarge) {
    if let before = await newestSample(at: window.start - lead) { body(before) }
    // The times of samples are whole milliseconds.
    try await visitSamples(from: window.start - lead + 0.000_6, to: window.end, body)
    if let after = await firstSample(after: window.end) { body(after) }
  }

  /// The newest sample of the main track at or before a time.
  private func newestSample(at time: Double) async -> Sample? {
    if let entry = all.last(where: { $0.sample.timestamp.seconds <= time }) { return entry.sample }
    return try? await archive?.sample(at: time)
  }

  /// The first sample of the main track after a time, unless it is long after that.
  private func firstSample(after time: Double) async -> Sample? {
    let inMemory = all
    guard let newest = inMemory.last?.sample.timestamp.seconds, time < newest else { return nil }
    let reach = max(600, 3 * Double(interval))
    let found = inMemory.first { $0.sample.timestamp.seconds > time }?.sample
    guard let first = inMemory.map(\.sample.timestamp.seconds).min(), time < first - 0.001, let archive else {
      return found
    }
    var (next, length) = (time + 0.001, 2 * Double(interval))
    while next < min(first - 0.001, time + reach) {
      let stop = min(first - 0.001, next + length)
      guard let part = try? await archive.samples(from: next, to: stop, step: nil, limit: Self.partSamples) else {
        break
      }
      if let sample = part.first { return sample }
      (next, length) = (stop + 0.001, 4 * length)
    }
    return found
  }

  /// Samples that are read from the archive at a time.
  private static let partSamples = 500
}
