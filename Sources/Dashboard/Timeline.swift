internal import AgentMetrics
internal import History

/// The samples laid out in columns of time, so that every graph on the screen shares one axis.
///
/// A column is one interval of the wall clock, on whose multiples the ticks stand: a value keeps its place among its
/// neighbours as the picture moves left, a late tick stays in its column, and one that never came is a gap.
struct Timeline {
  /// Seconds of a column.
  let interval: Double
  private let entries: [(bucket: Int, entry: History.Entry)]
  private let newest: Int

  /// Lays out samples, oldest first.
  init(_ entries: [History.Entry], interval: Int) {
    let interval = Double(max(1, interval))
    self.interval = interval
    self.entries = entries.map { entry in
      // A clock that is read some milliseconds before the tick must not put it into the column before.
      let bucket = (entry.sample.timestamp.seconds + min(0.05, interval * 0.05)) / interval
      return (Format.whole(bucket.rounded(.down)), entry)
    }
    newest = self.entries.last?.bucket ?? 0
  }

  /// The means of a figure in the columns of a graph so wide, oldest first; NaN where there was none.
  ///
  /// Where a cell holds two columns, the cells stand on even columns of the clock: the newest fills the left half of the
  /// last cell, then the right one, and then the picture moves by a whole cell. So no cell changes its shape while it
  /// moves, and only every second tick moves it.
  func values(in width: Int, _ glyphs: Glyphs, _ figure: (borrowing Sample) -> Double) -> [Double] {
    let count = Graph.columns(in: width, glyphs)
    guard count > 0 else { return [] }
    let newest = count == width ? self.newest : self.newest | 1
    var sums = [Double](repeating: .nan, count: count)
    var numbers = [Int](repeating: 0, count: count)
    for (bucket, entry) in entries {
      let index = count - 1 - (newest - bucket)
      guard index >= 0, index < count else { continue }
      let value = figure(entry.sample)
      guard value.isFinite else { continue }
      sums[index] = numbers[index] == 0 ? value : sums[index] + value
      numbers[index] += 1
    }
    for index in 0..<count where numbers[index] > 1 { sums[index] /= Double(numbers[index]) }
    return sums
  }
}
