internal import AgentMetrics

/// Samples as series, independent of the protocol.
struct PushBatch {
  /// One value at one time.
  struct Point: Equatable {
    /// Milliseconds since 1970.
    let milliseconds: Int64
    /// The value's bits.
    let bits: UInt64
  }

  /// Stale marker: the end of a series as a NaN with the bits of a signaling one (Prometheus, `model/value/value.go`:
  /// StaleNaN).
  static let stale: UInt64 = 0x7FF0_0000_0000_0002

  /// The series, each with its points in chronological order.
  private(set) var series: [(key: PushSeriesKey, points: [Point])] = []
  /// Number of points.
  private(set) var count = 0
  /// Series of the last sample.
  private(set) var present: Set<PushSeriesKey>
  private var places: [PushSeriesKey: Int] = [:]

  /// Converts samples, oldest first.
  ///
  /// - Parameter present: series of the receiver's previous sample; those missing since are marked as stale.
  init(_ samples: some Sequence<Sample>, after present: Set<PushSeriesKey>) {
    self.present = present
    for sample in samples {
      let time = sample.timestamp.milliseconds
      var seen: Set<PushSeriesKey> = []
      seen.reserveCapacity(self.present.count)
      SampleSeries.visit(sample) { key, value in
        // Of two list entries with the same labels only one can be sent.
        if seen.insert(key).inserted { add(key, Point(milliseconds: time, bits: value.bitPattern)) }
      }
      end(self.present.subtracting(seen), at: time)
      self.present = seen
    }
  }

  /// Marks series as stale, as after a clean stop.
  init(endOf present: Set<PushSeriesKey>, at time: Int64) {
    self.present = []
    end(present, at: time)
  }

  /// The probe series, which tests whether a time is accepted.
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
