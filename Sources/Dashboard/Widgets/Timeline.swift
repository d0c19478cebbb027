internal import AgentMetrics
internal import History

/// The stretch of time that all graphs on a screen share: columns of equal length that stand on multiples of it.
///
/// A column keeps its place among its neighbours as the picture moves left, so that a graph changes by its newest column
/// and by scrolling, and by nothing else.
struct TimeAxis: Equatable {
  /// Seconds of a column.
  var step: Double
  /// The newest moment; the column that holds it is the last.
  var end: Double

  /// Lengths that a column may have; each holds the ones before it a whole number of times or nearly.
  static let steps: [Double] = [
    0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
    172_800, 604_800,
  ]

  /// The number of the column that ends with a moment: column n stands for (n × step, (n + 1) × step].
  func number(of time: Double) -> Int {
    // A clock that is read some milliseconds after the tick must not open a new column.
    TextFormat.whole((time / step - min(0.05, 0.06 / step)).rounded(.up)) - 1
  }

  /// The number of a graph's last column; where a cell holds two, cells stand on even numbers.
  ///
  /// So the newest fills the left half of the last cell, then the right one, and then the picture moves by a whole cell: no
  /// cell changes its shape while it moves.
  func last(isPaired: Bool) -> Int {
    let newest = number(of: end)
    return isPaired ? newest | 1 : newest
  }

  /// The shortest step in which so many columns reach over so many seconds.
  static func step(columns: Int, over seconds: Double) -> Int {
    steps.firstIndex { $0 * Double(max(1, columns)) >= seconds } ?? steps.count - 1
  }

  /// The moment in the middle of a cell of a graph.
  func time(cell: Int, width: Int, _ glyphs: Glyphs) -> Double {
    let perCell = glyphs.columnsPerCell
    let number = last(isPaired: perCell == 2) - (width * perCell - 1) + cell * perCell + perCell - 1
    return Double(number + 1) * step
  }

  /// The cell of a graph that shows a moment; nil outside.
  func cell(of time: Double, width: Int, _ glyphs: Glyphs) -> Int? {
    let perCell = glyphs.columnsPerCell
    let column = number(of: time) - (last(isPaired: perCell == 2) - (width * perCell - 1))
    return column >= 0 && column < width * perCell ? column / perCell : nil
  }
}

/// The samples laid out in columns of time.
///
/// A sample stands for the time that it is a mean over, whatever the interval: samples of a second and of half a minute
/// stand side by side on one axis. Where no sample reaches there is a gap.
struct Timeline {
  /// The columns.
  let axis: TimeAxis
  /// The moment that is looked at; nil for the newest.
  let cursor: Double?
  /// What happened, oldest first.
  let events: [TimelineEvent]
  private let entries: [History.Entry]
  private let past: [HistoryBucket]
  /// Nominal seconds between two samples.
  let interval: Double

  /// Lays out samples, oldest first.
  ///
  /// - Parameter past: what was before them.
  init(
    _ entries: [History.Entry], past: [HistoryBucket] = [], axis: TimeAxis, interval: Int, cursor: Double? = nil,
    events: [TimelineEvent] = []
  ) {
    self.entries = entries
    self.past = past
    self.axis = axis
    self.interval = Double(max(1, interval))
    self.cursor = cursor
    self.events = events
  }

  /// A figure's values in one column.
  struct TimeColumn: Equatable {
    /// Weighted by time; NaN where there was none.
    var mean = Double.nan
    var low = Double.nan
    var high = Double.nan
    /// How many samples it stands for.
    var count = 0
  }

  /// A figure in the columns of a graph so wide, oldest first.
  func columns(in width: Int, _ glyphs: Glyphs, _ metric: (borrowing Sample) -> Double) -> [TimeColumn] {
    let count = width * glyphs.columnsPerCell
    guard count > 0 else { return [] }
    var columns = [TimeColumn](repeating: TimeColumn(), count: count)
    var weights = [Double](repeating: 0, count: count)
    let first = axis.last(isPaired: glyphs.columnsPerCell == 2) - count + 1
    let start = Double(first) * axis.step
    /// Spreads a value over the columns that its stretch of time reaches.
    func add(_ sample: Sample, samples: Int = 1, _ range: (Double) -> (Double, Double)) {
      let time = sample.timestamp.seconds
      guard time.isFinite, time > start, abs(time) < 1e13 else { return }
      let last = axis.number(of: time) - first
      guard last >= 0 else { return }
      let elapsed = sample.elapsed
      let length = elapsed.isFinite && elapsed > 0 ? min(elapsed, max(interval, 86_400)) : min(1, interval)
      let from = time - length
      // A stretch that reaches a little into a column does not count there.
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
        // A figure that is greatest where another is least, as what is left, has them the other way round.
        let known = [value, minimum, maximum].filter(\.isFinite)
        return (known.min() ?? value, known.max() ?? value)
      }
    }
    for entry in entries { add(entry.sample) { ($0, $0) } }
    return columns
  }

  /// The means alone.
  func values(in width: Int, _ glyphs: Glyphs, _ metric: (borrowing Sample) -> Double) -> [Double] {
    columns(in: width, glyphs, metric).map(\.mean)
  }
}

extension Glyphs {
  /// Columns of a graph in a cell.
  var columnsPerCell: Int { kind == .braille ? 2 : 1 }
}
