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

  /// Returns the events of a query; nil from a store that has none.
  ///
  /// - Throws: anything where it cannot be read.
  func events(_ query: EventQuery) async throws -> EventHistory?
}

extension SampleArchive {
  package func events(_ query: EventQuery) async throws -> EventHistory? { nil }
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
