package import AgentMetrics

/// Storage that keeps samples longer than memory.
package protocol SampleArchive: Sendable {
  /// State without the file's path, which clients must not learn.
  var status: ArchiveStatus { get }

  /// POSIX time of the oldest known sample; nil where the archive is empty or unreadable.
  var oldest: Double? { get }

  /// Returns the samples between two times, inclusive, oldest first.
  ///
  /// - Parameters:
  ///   - step: seconds per step, each represented by its mean (counters: the last value) at its end; nil for the
  ///     original samples.
  ///   - limit: maximum number of samples.
  /// - Throws: ``Columns/TooLarge``; anything else where it cannot be read.
  func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample]

  /// Returns the newest sample at or before a time, if any.
  func sample(at time: Double) async throws -> Sample?

  /// Returns the columns between two times, inclusive; with `step`, a row per step at its end.
  ///
  /// - Parameter limit: maximum of rows × series.
  /// - Throws: ``Columns/TooLarge``; anything else where it cannot be read.
  func columns(
    _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
  ) async throws -> Columns
}

extension Columns {
  /// Creates columns from received values.
  package init(timestamps: [Double], series: [Series]) {
    self.timestamps = timestamps
    self.series = series
  }
}

extension Columns.Series {
  /// Creates a series whose arrays have one value per row.
  package init(metric: Catalog.Metric, labels: [String], values: [Double], minima: [Double], maxima: [Double]) {
    self.init(
      metric: metric, labels: labels, key: metric.key(labels), values: values, minima: minima, maxima: maxima)
  }
}

extension Columns.TooLarge {
  package init(ofRows rows: Int) {
    self.init(rows: rows)
  }
}

extension [SeriesSelector] {
  /// Whether any of the selectors matches a series.
  package func select(_ metric: Catalog.Metric, _ labels: [String]) -> Bool {
    contains { selector in
      switch selector.match(metric) {
      case .all: true
      case .none: false
      case .some: selector.matches(key: metric.key(labels))
      }
    }
  }
}

extension History {
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
    let inMemory = query.samples(in: self)
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
    let samples = query.samples(in: self)
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

extension Columns {
  /// Appends the rows of newer columns.
  func followed(by newer: Columns, extremes: Bool) throws(TooLarge) -> Columns {
    var places: [String: Int] = [:]
    var joined = Columns(timestamps: timestamps + newer.timestamps, series: series)
    for (place, series) in series.enumerated() { places[series.key] = place }
    func gap(_ count: Int) -> [Double] { [Double](repeating: .nan, count: count) }
    var seen: Set<Int> = []
    for series in newer.series {
      if let place = places[series.key] {
        seen.insert(place)
        joined.series[place].values += series.values
        joined.series[place].minima += series.minima
        joined.series[place].maxima += series.maxima
      } else {
        var series = series
        series.values = gap(timestamps.count) + series.values
        if extremes {
          series.minima = gap(timestamps.count) + series.minima
          series.maxima = gap(timestamps.count) + series.maxima
        }
        seen.insert(joined.series.count)
        joined.series.append(series)
      }
    }
    for place in joined.series.indices where !seen.contains(place) {
      joined.series[place].values += gap(newer.timestamps.count)
      guard extremes else { continue }
      joined.series[place].minima += gap(newer.timestamps.count)
      joined.series[place].maxima += gap(newer.timestamps.count)
    }
    guard joined.series.count * joined.timestamps.count <= Self.maxValues else {
      throw TooLarge(rows: joined.timestamps.count)
    }
    // In catalog order; the series of one metric in the order of discovery.
    joined.series = joined.series.enumerated()
      .sorted { left, right in
        (left.element.metric.number, left.offset) < (right.element.metric.number, right.offset)
      }
      .map(\.element)
    return joined
  }
}
