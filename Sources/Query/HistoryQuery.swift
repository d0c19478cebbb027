package import AgentMetrics

/// A sample in memory or from the archive, alone or with values cached beside it.
package protocol RecordedSample: Sendable {
  var sample: Sample { get }
}

/// A query for recorded samples: a time range and a step.
package struct HistoryQuery: Sendable {
  /// A time range.
  package enum Range: Sendable {
    /// The last seconds, up to the newest sample.
    case last(seconds: Double)
    /// Between two times, inclusive; nil for an open end.
    case between(Timestamp?, Timestamp?)
  }

  /// The samples of one step, oldest first; empty for a gap, in which the agent did not run.
  package struct Step<Element: RecordedSample>: Sendable {
    /// POSIX time of its end, a multiple of the step; an incomplete step has its newest sample's time.
    package let timestamp: Double
    /// Samples after the end of the previous step, up to its own end.
    package let samples: ArraySlice<Element>

    package init(timestamp: Double, samples: ArraySlice<Element>) {
      self.timestamp = timestamp
      self.samples = samples
    }
  }

  package var range: Range
  /// Seconds per step; nil for one step per sample.
  package var step: Int?

  package init(_ range: Range, step: Int? = nil) {
    self.range = range
    self.step = step
  }

  /// Maximum number of empty steps for one gap; a longer one, as after a clock that began in 1970 was set, is one step.
  static let maxEmptySteps = 100_000

  /// Groups samples into steps by timestamp, with those of a clock that was set back sorted in.
  ///
  /// An interval that is covered by no sample's rates is a gap: empty steps, or a single one without steps.
  /// - Parameter interval: nominal seconds between two samples.
  package func steps<Element>(of samples: [Element], interval: Int) -> [Step<Element>] {
    var samples = samples
    if !zip(samples, samples.dropFirst()).allSatisfy({ $0.sample.timestamp <= $1.sample.timestamp }) {
      // Stable for equal timestamps, which sorting alone is not.
      samples = samples.enumerated()
        .sorted { ($0.element.sample.timestamp, $0.offset) < ($1.element.sample.timestamp, $1.offset) }
        .map(\.element)
    }
    // A change of tracks may leave a hole as long as the coarser one's interval.
    let hole = Double(interval) * (step.map { $0 < interval } ?? false ? 1.5 : 0.5)
    var steps: [Step<Element>] = []
    var start = 0
    while start < samples.count {
      let time = samples[start].sample.timestamp.seconds
      var end = start + 1
      let last = step.map { (time / Double($0)).rounded(.up) * Double($0) } ?? time
      while end < samples.count, samples[end].sample.timestamp.seconds <= last { end += 1 }
      if start > 0 {
        let before = samples[start - 1].sample.timestamp.seconds
        let elapsed = samples[start].sample.elapsed
        // A lone Reading has an unknown start. No tick is between two seconds, though the first sample of an agent is
        // over less than one.
        if time - before > 1, time - before - (elapsed.isFinite ? elapsed : 0) > max(hole, 0.5) {
          steps += gap(from: before, to: time, interval: interval)
        }
      }
      let isOver = end < samples.count
      steps.append(
        Step(timestamp: isOver ? last : samples[end - 1].sample.timestamp.seconds, samples: samples[start..<end]))
      start = end
    }
    return steps
  }

  private func gap<Element>(from before: Double, to time: Double, interval: Int) -> [Step<Element>] {
    guard let step = step.map(Double.init) else {
      return [Step(timestamp: min(before + Double(interval), (before + time) / 2), samples: [])]
    }
    let first = (before / step).rounded(.up) * step + step
    let count = ((time / step).rounded(.up) * step - first) / step
    guard count >= 1 else { return [] }
    guard count <= Double(Self.maxEmptySteps) else { return [Step(timestamp: first, samples: [])] }
    return (0..<Int(count)).map { Step(timestamp: first + Double($0) * step, samples: []) }
  }
}
