internal import AgentMetrics

/// Samples as series, ready to be written in whatever protocol.
struct PushBatch {
  /// One value at one moment.
  struct Point: Equatable {
    /// Milliseconds since 1970.
    let milliseconds: Int64
    /// The value's bits.
    let bits: UInt64
  }

  /// Says that a series has ended: a NaN that is told from others by its bits, which are those of a signalling one.
  ///
  /// (Prometheus, `model/value/value.go`: StaleNaN.)
  static let stale: UInt64 = 0x7FF0_0000_0000_0002

  /// The series, each with its points in order of time.
  private(set) var series: [(key: PushSeriesKey, points: [Point])] = []
  /// How many points there are.
  private(set) var count = 0
  /// The series that the last sample has.
  private(set) var present: Set<PushSeriesKey>
  private var places: [PushSeriesKey: Int] = [:]

  /// The series of some samples, oldest first.
  ///
  /// - Parameter present: the series that the receiver has of the sample before; what is missing since is told to have ended.
  init(_ samples: some Sequence<Sample>, after present: Set<PushSeriesKey>) {
    self.present = present
    for sample in samples {
      let time = sample.timestamp.milliseconds
      var seen: Set<PushSeriesKey> = []
      seen.reserveCapacity(self.present.count)
      SampleSeries.visit(sample) { key, value in
        // Two entries of a list that no label tells apart cannot both be told.
        if seen.insert(key).inserted { add(key, Point(milliseconds: time, bits: value.bitPattern)) }
      }
      end(self.present.subtracting(seen), at: time)
      self.present = seen
    }
  }

  /// The end of series at a moment, as after a clean stop.
  init(endOf present: Set<PushSeriesKey>, at time: Int64) {
    self.present = []
    end(present, at: time)
  }

  /// The one series that asks whether a moment is taken.
  init(probeAt time: Int64) {
    present = []
    add(.probe, Point(milliseconds: time, bits: (1.0).bitPattern))
  }

  private mutating func end(_ keys: Set<PushSeriesKey>, at time: Int64) {
    for key in keys { add(key, Point(milliseconds: time, bits: Self.stale)) }
  }

  private mutating func add(_ key: PushSeriesKey, _ point: Point) {
    count += 1
    if let place = places[key] {
      series[place].points.append(point)
    } else {
      places[key] = series.count
      series.append((key, [point]))
    }
  }
}
