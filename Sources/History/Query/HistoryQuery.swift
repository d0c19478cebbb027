package import AgentMetrics

/// A question to the past: which stretch, in which steps.
package struct HistoryQuery: Sendable {
  /// A stretch of time.
  package enum Range: Sendable {
    /// So many seconds up to the newest sample.
    case last(seconds: Double)
    /// From one moment to another, both included; nil where the past begins or ends.
    case between(Timestamp?, Timestamp?)
  }

  /// The samples of one step, oldest first; none in a step of a stretch in which the agent did not run.
  package struct Step: Sendable {
    /// Its end in POSIX time, a multiple of the step; for one that is not over, its newest sample's moment.
    package let timestamp: Double
    /// The samples after the end of the step before, up to its own.
    package let samples: ArraySlice<History.Entry>
  }

  /// The stretch.
  package var range: Range
  /// Seconds of a step; nil for one step per sample.
  package var step: Int?

  /// A question.
  package init(_ range: Range, step: Int? = nil) {
    self.range = range
    self.step = step
  }

  /// The samples that a history has for it, oldest first: those of the main track, or the finest there are where the
  /// step is finer than that.
  package func samples(in history: History) -> [History.Entry] {
    let interval = step.map { $0 < history.interval } ?? false ? 1 : history.interval
    switch range {
    case .last(let seconds): return history.last(seconds: seconds, interval: interval)
    case .between(let start, let end): return history.entries(from: start, to: end, interval: interval)
    }
  }

  /// Steps of null at most for one gap; a longer one, as after a clock that began in 1970 was set, is one step.
  static let maxEmptySteps = 100_000

  /// Samples in steps by their timestamps; those of a clock that was set back find their place.
  ///
  /// A stretch that no sample's rates are means over is a gap: steps without samples, one where there are no steps.
  /// - Parameter interval: nominal seconds between two samples.
  package func steps(of samples: [History.Entry], interval: Int) -> [Step] {
    var samples = samples
    if !zip(samples, samples.dropFirst()).allSatisfy({ $0.sample.timestamp <= $1.sample.timestamp }) {
      // By place where equal, since sorting alone does not keep it.
      samples = samples.enumerated()
        .sorted { ($0.element.sample.timestamp, $0.offset) < ($1.element.sample.timestamp, $1.offset) }
        .map(\.element)
    }
    // Between tracks there may be a hole as long as the coarser one's interval.
    let hole = Double(interval) * (step.map { $0 < interval } ?? false ? 1.5 : 0.5)
    var steps: [Step] = []
    var start = 0
    while start < samples.count {
      let time = samples[start].sample.timestamp.seconds
      var end = start + 1
      let last = step.map { (time / Double($0)).rounded(.up) * Double($0) } ?? time
      while end < samples.count, samples[end].sample.timestamp.seconds <= last { end += 1 }
      if start > 0 {
        let before = samples[start - 1].sample.timestamp.seconds
        let elapsed = samples[start].sample.elapsed
        // Of a lone Reading nobody knows since when it holds.
        if time - before - (elapsed.isFinite ? elapsed : 0) > max(hole, 0.5) {
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

  private func gap(from before: Double, to time: Double, interval: Int) -> [Step] {
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
