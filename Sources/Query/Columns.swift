package import AgentMetrics

/// Values over time as columns: a timestamp per row, a series per column.
package struct Columns: Sendable {
  /// One series; its arrays have one value per row, NaN in a gap.
  package struct Series: Sendable {
    package let metric: Catalog.Metric
    /// Label values, in the order of the metric's labels.
    package let labels: [String]
    /// Metric and labels as text, `gpus.util{index="0"}`.
    package let key: String
    /// Values in base units: the mean of a step's samples for a level, the last for a counter.
    package var values: [Double]
    /// Minimum of each step.
    package var minima: [Double]
    /// Maximum of each step.
    package var maxima: [Double]
  }

  /// A result that would exceed ``maxValues``.
  package struct TooLarge: Error {
    /// Rows that the result would have.
    package let rows: Int
  }

  /// Maximum of rows × series, so that one query cannot fill the memory.
  package static let maxValues = 5_000_000

  /// POSIX times of the rows, ascending.
  package var timestamps: [Double]
  /// The series, in catalog order.
  package var series: [Series] = []

  /// Computes the columns of steps.
  ///
  /// - Parameter extremes: whether minima and maxima are requested; otherwise those arrays are empty.
  /// - Throws: TooLarge.
  package init<Element>(
    _ steps: [HistoryQuery.Step<Element>], _ selectors: [SeriesSelector], extremes: Bool = false
  ) throws(TooLarge) {
    timestamps = steps.map(\.timestamp)
    for metric in Catalog.shared.metrics where metric.isColumn {
      let matches = selectors.map { $0.match(metric) }
      guard matches.contains(where: { $0 != .none }) else { continue }
      let isWhole = matches.contains { $0 == .all }
      var builder = Builder(metric: metric, rows: steps.count, extremes: extremes)
      for (row, step) in steps.enumerated() {
        for entry in step.samples {
          builder.begin()
          metric.values(in: entry.sample) { labels, value in
            builder.add(row, labels, value) { key in isWhole || selectors.contains { $0.matches(key: key) } }
          }
        }
      }
      guard (series.count + builder.series.count) * steps.count <= Self.maxValues else {
        throw TooLarge(rows: steps.count)
      }
      builder.finish()
      series += builder.series
    }
  }

  /// Builds the series of one metric from its values, sample by sample.
  private struct Builder {
    let metric: Catalog.Metric
    let rows: Int
    let extremes: Bool
    var series: [Series] = []
    private var counts: [[Int32]] = []
    /// Index of the series for each set of labels, -1 if not selected.
    private var places: [[String]: Int] = [:]
    /// The same in the order of discovery, which is usually that of each sample.
    private var order: [(labels: [String], series: Int)] = []
    private var cursor = 0

    init(metric: Catalog.Metric, rows: Int, extremes: Bool) {
      self.metric = metric
      self.rows = rows
      self.extremes = extremes
    }

    /// Starts the next sample.
    mutating func begin() {
      cursor = 0
    }

    mutating func add(_ row: Int, _ labels: [String], _ value: Double, _ isWanted: (_ key: String) -> Bool) {
      let place = place(of: labels, isWanted)
      guard place >= 0 else { return }
      let count = counts[place][row]
      counts[place][row] = count + 1
      if metric.definition.kind == .counter || count == 0 {
        series[place].values[row] = value
      } else {
        series[place].values[row] += value
      }
      guard extremes else { return }
      series[place].minima[row] = count == 0 ? value : min(series[place].minima[row], value)
      series[place].maxima[row] = count == 0 ? value : max(series[place].maxima[row], value)
    }

    private mutating func place(of labels: [String], _ isWanted: (_ key: String) -> Bool) -> Int {
      if cursor < order.count, order[cursor].labels == labels {
        cursor += 1
        return order[cursor - 1].series
      }
      if let known = places[labels] { return known }
      let key = metric.key(labels)
      // One series above the limit suffices to detect the overflow.
      let isFull = series.count * rows > Columns.maxValues
      let place = isWanted(key) && !isFull ? series.count : -1
      if place >= 0 {
        let empty = [Double](repeating: .nan, count: rows)
        series.append(
          Series(
            metric: metric, labels: labels, key: key, values: empty, minima: extremes ? empty : [],
            maxima: extremes ? empty : []))
        counts.append([Int32](repeating: 0, count: rows))
      }
      places[labels] = place
      order.append((labels, place))
      cursor = order.count
      return place
    }

    /// Converts sums into means.
    mutating func finish() {
      guard metric.definition.kind != .counter else { return }
      for index in series.indices {
        for row in 0..<rows where counts[index][row] > 1 { series[index].values[row] /= Double(counts[index][row]) }
      }
    }
  }
}

extension Columns {
  /// Appends the rows of newer columns.
  package func followed(by newer: Columns, extremes: Bool) throws(TooLarge) -> Columns {
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
