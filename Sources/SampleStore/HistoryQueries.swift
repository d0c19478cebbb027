package import AgentMetrics
package import Query

/// Answers of queries from memory and, for times before it, from the archive.
extension History {
  /// Returns the samples in memory for a query, oldest first: the main track's, or the finest available where the step
  /// is finer than that.
  package func samples(in query: HistoryQuery) -> [Entry] {
    let interval = query.step.map { $0 < self.interval } ?? false ? 1 : self.interval
    switch query.range {
    case .last(let seconds): return last(seconds: seconds, interval: interval)
    case .between(let start, let end): return entries(from: start, to: end, interval: interval)
    }
  }

  /// Computes the columns of a query from the samples in memory.
  ///
  /// - Throws: TooLarge.
  package func columns(_ query: HistoryQuery, _ selectors: [SeriesSelector], extremes: Bool = false)
    throws(Columns.TooLarge) -> Columns
  {
    try Columns(query.steps(of: samples(in: query), interval: interval), selectors, extremes: extremes)
  }

  /// Maximum number of archived samples in one answer as whole samples; each is as large as in memory.
  package static let maxArchivedSamples = 4_000

  /// Returns the range of a query that the archive serves: from its start to the start of memory; nil where memory
  /// suffices.
  private func archived(_ query: HistoryQuery) -> (
    archive: any SampleArchive, start: Double, end: Double, first: Double
  )? {
    guard let archive = self.archive, let oldest = archive.oldest else { return nil }
    let all = all
    let first = all.map(\.sample.timestamp.seconds).min() ?? .infinity
    let start: Double
    var end = Double.infinity
    switch query.range {
    case .last(let seconds):
      guard let newest = all.last?.sample.timestamp.seconds else { return nil }
      // The range is open at its far end.
      start = newest - seconds + 0.05
    case .between(let from, let to):
      start = from?.seconds ?? oldest
      end = to?.seconds ?? .infinity
    }
    guard start < first, oldest <= end else { return nil }
    return (archive, max(start, oldest), end, first)
  }

  /// Returns the samples for a query, from the archive for times before memory.
  ///
  /// With steps, the archive gives one sample per step. Where it is unreadable, memory answers alone.
  package func samples(for query: HistoryQuery) async throws(Columns.TooLarge) -> [Entry] {
    let inMemory = samples(in: query)
    guard let (archive, start, end, first) = archived(query) else { return inMemory }
    // Each step comes whole from one of the two; without steps, a sample more than a millisecond earlier is another
    // one.
    let cut = query.step.map { (first / Double($0)).rounded(.up) * Double($0) } ?? first - 0.001
    let older: [Sample]
    do {
      older = try await archive.samples(
        from: start, to: min(end, cut), step: query.step, limit: Self.maxArchivedSamples)
    } catch let error as Columns.TooLarge {
      throw error
    } catch {
      return inMemory
    }
    return older.map(Self.archivedEntry) + inMemory.drop { $0.sample.timestamp.seconds <= cut }
  }

  /// Returns the newest sample at or before a time, in memory or in the archive, if any.
  package func archivedEntry(at time: Timestamp) async -> Entry? {
    if let entry = entry(at: time) { return entry }
    guard let sample = try? await archive?.sample(at: time.seconds) else { return nil }
    return Self.archivedEntry(sample)
  }

  private static func archivedEntry(_ sample: Sample) -> Entry {
    let entry = Entry(sample)
    entry.release()
    return entry
  }

  /// Returns the columns for a query, from the archive for times before memory.
  ///
  /// Where the archive is unreadable, memory answers alone.
  package func columns(
    for query: HistoryQuery, _ selectors: [SeriesSelector], extremes: Bool = false
  ) async throws(Columns.TooLarge) -> Columns {
    guard let (archive, start, end, first) = archived(query) else {
      return try columns(query, selectors, extremes: extremes)
    }
    let step = query.step.map(Double.init)
    let cut = step.map { (first / $0).rounded(.up) * $0 } ?? first - 0.001
    var older: Columns
    do {
      older = try await archive.columns(
        selectors, from: start, to: min(end, cut), step: query.step, extremes: extremes, limit: Columns.maxValues)
    } catch let error as Columns.TooLarge {
      throw error
    } catch {
      return try columns(query, selectors, extremes: extremes)
    }
    // Starts at the archive's last sample, so that a gap after it is detected.
    let samples = samples(in: query)
    let after = samples.firstIndex { $0.sample.timestamp.seconds > cut } ?? samples.endIndex
    // Newer samples complete the archive's last step, even if part of it is not written yet.
    if let step, after < samples.endIndex, let last = older.timestamps.last, last > cut - step {
      older.timestamps[older.timestamps.count - 1] = cut
    }
    var steps = query.steps(of: Array(samples[max(0, after - 1)...]), interval: interval)
    if after > 0, !steps.isEmpty { steps.removeFirst() }
    if after == 0, step == nil, let last = older.timestamps.last, let next = samples.first?.sample {
      let elapsed = next.elapsed.isFinite ? next.elapsed : 0
      if next.timestamp.seconds - last - elapsed > max(Double(interval) / 2, 0.5) {
        let gap = min(last + Double(interval), (last + next.timestamp.seconds) / 2)
        steps.insert(HistoryQuery.Step(timestamp: gap, samples: []), at: 0)
      }
    }
    let newer = try Columns(steps, selectors, extremes: extremes)
    return try older.followed(by: newer, extremes: extremes)
  }
}
