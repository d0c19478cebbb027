internal import AgentMetrics
internal import SampleStore

/// The time axis shared by all graphs on a screen: columns of equal length, aligned to multiples of it.
///
/// A column keeps its place among its neighbors as the graph moves left, so that a graph changes only in its newest
/// column and by scrolling.
struct TimeAxis: Equatable {
  /// Seconds per column.
  var step: Double
  /// The newest time; the column that contains it is the last.
  var end: Double

  /// Possible lengths of a column; each is a multiple of the previous ones, or nearly.
  static let steps: [Double] = [
    0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
    172_800, 604_800,
  ]

  /// Returns the number of the column that contains a time: column n covers (n × step, (n + 1) × step].
  func number(of time: Double) -> Int {
    // A clock read some milliseconds after the tick must not open a new column.
    TextFormat.whole((time / step - min(0.05, 0.06 / step)).rounded(.up)) - 1
  }

  /// Returns the number of a graph's last column; where a cell holds two, cells start at even numbers.
  ///
  /// So the newest value fills the left half of the last cell, then the right one, and then the graph moves by a whole
  /// cell: no cell changes its shape while it moves.
  func last(isPaired: Bool) -> Int {
    let newest = number(of: end)
    return isPaired ? newest | 1 : newest
  }

  /// Returns the index of the shortest step for which the columns cover the duration.
  static func step(columns: Int, over seconds: Double) -> Int {
    steps.firstIndex { $0 * Double(max(1, columns)) >= seconds } ?? steps.count - 1
  }

  /// Returns the time at the end of a graph's cell.
  func time(cell: Int, width: Int, _ glyphs: Glyphs) -> Double {
    let perCell = glyphs.columnsPerCell
    let number = last(isPaired: perCell == 2) - (width * perCell - 1) + cell * perCell + perCell - 1
    return Double(number + 1) * step
  }

  /// Returns the cell of a graph that contains a time; nil outside.
  func cell(of time: Double, width: Int, _ glyphs: Glyphs) -> Int? {
    let perCell = glyphs.columnsPerCell
    let column = number(of: time) - (last(isPaired: perCell == 2) - (width * perCell - 1))
    return column >= 0 && column < width * perCell ? column / perCell : nil
  }
}

/// Samples arranged in columns of time.
///
/// A sample covers the time that it is a mean over, whatever the interval: samples of a second and of half a minute
/// share one axis. Time without a sample is a gap.
struct Timeline {
  let axis: TimeAxis
  /// The time cursor; nil for the newest time.
  let cursor: Double?
  /// Events, oldest first.
  let events: [MachineEvent]
  private let entries: [History.Entry]
  private let past: [HistoryBucket]
  /// Nominal seconds between two samples.
  let interval: Double

  /// Arranges samples, oldest first.
  ///
  /// - Parameter past: steps before the samples.
  init(
    _ entries: [History.Entry], past: [HistoryBucket] = [], axis: TimeAxis, interval: Int, cursor: Double? = nil,
    events: [MachineEvent] = []
  ) {
    self.entries = entries
    self.past = past
    self.axis = axis
    self.interval = Double(max(1, interval))
    self.cursor = cursor
    self.events = events
  }

  /// Values of a metric in one column.
  struct TimeColumn: Equatable {
    /// Time-weighted mean; NaN without a value.
    var mean = Double.nan
    var low = Double.nan
    var high = Double.nan
    /// Number of samples.
    var count = 0
  }

  /// Returns a metric in the columns of a graph of `width` cells, oldest first.
  func columns(in width: Int, _ glyphs: Glyphs, _ metric: (borrowing Sample) -> Double) -> [TimeColumn] {
    let count = width * glyphs.columnsPerCell
    guard count > 0 else { return [] }
    var columns = [TimeColumn](repeating: TimeColumn(), count: count)
    var weights = [Double](repeating: 0, count: count)
    let first = axis.last(isPaired: glyphs.columnsPerCell == 2) - count + 1
    let start = Double(first) * axis.step
    /// Distributes a value over the columns covered by its interval.
    func add(_ sample: Sample, samples: Int = 1, _ range: (Double) -> (Double, Double)) {
      let time = sample.timestamp.seconds
      guard time.isFinite, time > start, abs(time) < 1e13 else { return }
      let last = axis.number(of: time) - first
      guard last >= 0 else { return }
      let elapsed = sample.elapsed
      let length = elapsed.isFinite && elapsed > 0 ? min(elapsed, max(interval, 86_400)) : min(1, interval)
      let from = time - length
      // An interval that reaches only slightly into a column does not count there.
      var column = max(0, TextFormat.whole((from / axis.step + 0.1).rounded(.down)) - first)
      if column > last { column = last }
      guard column < count else { return }
      let value = metric(sample)
      guard value.isFinite else { return }
      let (minimum, maximum) = range(value)
      while column <= min(last, count - 1) {
        let low = max(from, Double(first + column) * axis.step)
        let high = min(time, Double(first + column + 1) * axis.step)
        let weight = max(1e-6, high - low)
        let sum = weights[column]
        let old = columns[column].mean
        columns[column].mean = sum > 0 ? old + (value - old) * weight / (sum + weight) : value
        columns[column].low = sum > 0 ? min(columns[column].low, minimum) : minimum
        columns[column].high = sum > 0 ? max(columns[column].high, maximum) : maximum
        columns[column].count += samples
        weights[column] = sum + weight
        column += 1
      }
    }
    for step in past {
      add(step.mean, samples: step.count) { value in
        let (minimum, maximum) = (metric(step.minimum), metric(step.maximum))
        // A derived value may be largest where its source is smallest, e.g. free memory: the extremes are swapped then.
        let known = [value, minimum, maximum].filter(\.isFinite)
        return (known.min() ?? value, known.max() ?? value)
      }
    }
    for entry in entries { add(entry.sample) { ($0, $0) } }
    return columns
  }

  /// Returns the means only.
  func values(in width: Int, _ glyphs: Glyphs, _ metric: (borrowing Sample) -> Double) -> [Double] {
    columns(in: width, glyphs, metric).map(\.mean)
  }
}

extension Glyphs {
  /// Number of a graph's columns in a cell.
  var columnsPerCell: Int { kind == .braille ? 2 : 1 }
}
