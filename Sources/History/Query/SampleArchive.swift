package import AgentMetrics

/// How a place that keeps samples is doing.
package struct SampleArchiveHealth: Sendable, Hashable {
  /// Why nothing is kept now, without naming files; nil while it works.
  package var failure: String?
  /// The oldest and the newest sample that it has.
  package var oldest: Timestamp?
  /// The newest sample that it has.
  package var newest: Timestamp?
  /// Bytes that it takes.
  package var bytes = 0
  /// Samples that wait to be kept.
  package var pending = 0
  /// Samples that were not kept and are in memory no more.
  package var lost = 0
  /// Stretches of a series that could not be read.
  package var damaged = 0

  package init() {}
}

/// A place that keeps samples longer than memory has room for them.
package protocol SampleArchive: Sendable {
  /// How it is doing.
  var health: SampleArchiveHealth { get }

  /// The oldest moment that it knows of, POSIX time; nil where it is empty or cannot be read now.
  var oldest: Double? { get }

  /// The samples from one moment to another, both included, oldest first.
  ///
  /// - Parameters:
  ///   - step: seconds of a step, of which each sample is then the mean (counters: the last), at its end; nil for those
  ///     that were taken.
  ///   - most: samples at most.
  /// - Throws: ``Columns/TooLarge``; anything else where it cannot be read.
  func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample]

  /// The newest sample at or before a moment; nil where there is none.
  func sample(at time: Double) async throws -> Sample?

  /// The columns from one moment to another, both included; with `step` by the ends of steps.
  ///
  /// - Parameter most: rows × series at most.
  /// - Throws: ``Columns/TooLarge``; anything else where it cannot be read.
  func columns(
    _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
  ) async throws -> Columns
}

extension Columns {
  /// Columns that were made elsewhere.
  package init(timestamps: [Double], series: [Series]) {
    self.timestamps = timestamps
    self.series = series
  }
}

extension Columns.Series {
  /// A series whose arrays are as long as there are rows.
  package init(metric: Catalog.Metric, labels: [String], values: [Double], minima: [Double], maxima: [Double]) {
    self.init(
      metric: metric, labels: labels, key: metric.key(labels), values: values, minima: minima, maxima: maxima)
  }
}

extension Columns.TooLarge {
  /// An answer of so many rows.
  package init(ofRows rows: Int) {
    self.init(rows: rows)
  }
}

extension [SeriesSelector] {
  /// Whether any of them selects a series.
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
  /// Samples of before memory begins at most in one answer that tells them whole; each is as great as in memory.
  package static let maxArchivedSamples = 4_000

  /// The stretch that a question wants of the archive: from its beginning to where memory begins; nil where memory
  /// reaches.
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
      // Open at its far end.
      start = newest - seconds + 0.05
    case .between(let from, let to):
      start = from?.seconds ?? oldest
      end = to?.seconds ?? .infinity
    }
    guard start < first, oldest <= end else { return nil }
    return (archive, max(start, oldest), end, first)
  }

  /// The samples for a question, from the archive where memory does not reach back so far.
  ///
  /// With steps, the archive gives one sample for each. Where it cannot be read, memory answers alone.
  package func samples(for query: HistoryQuery) async throws(Columns.TooLarge) -> [Entry] {
    let inMemory = query.samples(in: self)
    guard let (archive, start, end, first) = archived(query) else { return inMemory }
    // A whole step comes from one of them; a sample's worth of a millisecond apart is another sample.
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

  /// The newest sample at or before a moment, in memory or in the archive; nil where there is none.
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

  /// The columns for a question, from the archive where memory does not reach back so far.
  ///
  /// Where the archive cannot be read, memory answers alone.
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
    // From the last sample on that the archive tells of, so that a gap after it is seen.
    let samples = query.samples(in: self)
    let after = samples.firstIndex { $0.sample.timestamp.seconds > cut } ?? samples.endIndex
    // Where newer samples follow, the archive's last step is over, whether all of it was written yet or not.
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
  /// These rows and then those of others.
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
    // In the catalog's order; of one metric in that in which they were found.
    joined.series = joined.series.enumerated()
      .sorted { left, right in
        (left.element.metric.number, left.offset) < (right.element.metric.number, right.offset)
      }
      .map(\.element)
    return joined
  }
}
