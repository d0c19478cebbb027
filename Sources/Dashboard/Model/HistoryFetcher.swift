internal import AgentMetrics
internal import History
internal import Synchronization
internal import SystemIO

/// A step of time of before memory begins.
struct HistoryBucket: Sendable {
  /// Its mean, at its end; `elapsed` is its length.
  var mean: Sample
  /// The least and the greatest of each figure.
  var minimum: Sample
  var maximum: Sample
  /// How many samples it stands for, about.
  var count: Int
}

/// A stretch of before memory begins, in the steps of an axis.
struct HistoryRange: Sendable {
  var steps: [HistoryBucket] = []
  var events: [TimelineEvent] = []
}

/// What was at one moment of before memory begins.
struct HistoryPoint: Sendable, Equatable {
  var sample: Sample
  /// Seconds that it is the mean of; nil for a sample as it was taken.
  var step: Double?

  static func == (left: HistoryPoint, right: HistoryPoint) -> Bool {
    left.sample.timestamp == right.sample.timestamp && left.step == right.step
  }
}

/// Looks up in the long history what memory does not reach back to, while the screen goes on.
///
/// One question for a stretch and one for a moment are on their way at a time; the newest wish is asked next.
final class HistoryFetcher: Sendable {
  /// What a screen shows of before memory begins.
  struct HistoryRequest: Equatable {
    /// Which host's.
    var host: Int
    /// The axis.
    var step: Double
    var start: Double
    var end: Double
    /// Where memory begins.
    var memory: Double
    /// The moment that is looked at, where that lies before memory.
    var time: Double?
    /// Nominal seconds between two samples.
    var interval: Int
  }

  private struct State {
    var host = 0
    var range = HistoryRange()
    /// What the stretch was asked for: step, from, to.
    var known: (step: Double, start: Double, end: Double)?
    var asked: Double?
    var time: HistoryPoint?
    var pointKey: Double?
    var pointRequestedAt: Double?
    /// Why the last question had no answer.
    var failure: String?
    var retry = -Double.infinity
    var hasNews = false
  }

  private let state = Mutex(State())

  /// Seconds after a failure before it is asked again.
  private static let pause = 5.0
  /// Seconds that an answer may take before the screen tells that it is awaited.
  private static let patience = 0.3
  /// Rows × series of one answer at most.
  private static let maxValues = 1_000_000

  /// Metrics of all graphs and events.
  static let metrics = Set(PanelDescriptor.all.flatMap(\.graphs).flatMap(\.metrics) + EventLog.metrics).sorted()
    .map { SeriesSelector($0) }

  /// The stretch that is known, whose steps are over before memory begins; none where it is of another axis.
  func range(_ want: HistoryRequest) -> HistoryRange {
    state.withLock { state in
      guard state.host == want.host, let known = state.known, known.step == want.step else { return HistoryRange() }
      var range = state.range
      let limit = want.memory + 0.01
      while let last = range.steps.last, last.mean.timestamp.seconds > limit { range.steps.removeLast() }
      range.events.removeAll { $0.time > limit }
      return range
    }
  }

  /// What is known of the moment: it itself, or while it is on its way the last one that was looked at.
  func time(_ want: HistoryRequest) -> HistoryPoint? {
    state.withLock { $0.host == want.host ? $0.time : nil }
  }

  /// Whether an answer has taken long.
  func isAwaited(_ want: HistoryRequest, now: Double) -> Bool {
    state.withLock { state in
      [state.asked, want.time == nil ? nil : state.pointRequestedAt].contains {
        $0.map { now - $0 >= Self.patience } ?? false
      }
    }
  }

  /// Why the last question had no answer; nil where it had.
  var failure: String? { state.withLock { $0.failure } }

  /// Whether something has come since this was asked.
  func takeNews() -> Bool {
    state.withLock { state in
      defer { state.hasNews = false }
      return state.hasNews
    }
  }

  /// Forgets everything: nobody looks at the past.
  func forget() {
    state.withLock { state in
      state.range = HistoryRange()
      (state.known, state.time, state.pointKey, state.failure) = (nil, nil, nil, nil)
    }
  }

  /// Asks for what is wanted and not known; `wake` is called when an answer is there.
  func ask(_ want: HistoryRequest, of history: History, now: Double, wake: @escaping @Sendable () -> Void) {
    guard let archive = history.archive, let oldest = archive.oldest, oldest < want.memory - 0.01 else { return }
    let (range, time) = state.withLock { state -> ((start: Double, end: Double)?, Double?) in
      if state.host != want.host {
        state.host = want.host
        state.range = HistoryRange()
        (state.known, state.time, state.pointKey) = (nil, nil, nil)
      }
      guard now >= state.retry else { return (nil, nil) }
      var range: (start: Double, end: Double)?
      let (start, end) = (max(want.start, oldest), min(want.end, want.memory))
      if state.asked == nil, start < end - 0.01 {
        let isKnown = state.known.map { $0.step == want.step && $0.start <= start && $0.end >= end } ?? false
        if !isKnown {
          // Half a picture more on each side, so that not every step of the cursor asks anew.
          let margin = (want.end - want.start) / 2
          range = (want.start - margin, min(want.end, want.memory) + margin)
          state.asked = now
        }
      }
      var time: Double?
      if state.pointRequestedAt == nil, let wanted = want.time, state.pointKey != wanted {
        time = wanted
        state.pointRequestedAt = now
      }
      return (range, time)
    }
    if let range {
      Task.detached { [self] in
        do {
          let found = try await Self.range(want, from: range.start, to: range.end, of: archive, history)
          end(range: found, of: want, start: range.start, end: range.end)
        } catch {
          fail(error, host: want.host)
        }
        wake()
      }
    }
    if let time {
      Task.detached { [self] in
        do {
          let found = try await Self.time(time, want, of: archive)
          end(time: found, at: time, host: want.host)
        } catch {
          fail(error, host: want.host, isPoint: true)
        }
        wake()
      }
    }
  }

  private func end(range: HistoryRange, of want: HistoryRequest, start: Double, end: Double) {
    state.withLock { state in
      state.asked = nil
      state.hasNews = true
      guard state.host == want.host else { return }
      state.range = range
      state.known = (want.step, start, end)
      state.failure = nil
    }
  }

  private func end(time: HistoryPoint?, at key: Double, host: Int) {
    state.withLock { state in
      state.pointRequestedAt = nil
      state.hasNews = true
      guard state.host == host else { return }
      state.time = time
      state.pointKey = key
    }
  }

  private func fail(_ error: any Error, host: Int, isPoint: Bool = false) {
    state.withLock { state in
      if isPoint { state.pointRequestedAt = nil } else { state.asked = nil }
      state.hasNews = true
      guard state.host == host else { return }
      state.failure = error is Columns.TooLarge ? "too many values for one query" : String(describing: error)
      state.retry = Clock.monotonic + Self.pause
    }
  }

  // MARK: Answers

  /// Seconds of the steps that an axis asks for; nil for samples as they were taken, where those are no finer.
  private static func step(_ want: HistoryRequest) -> Int? {
    want.step >= Double(want.interval) && want.step >= 1 ? TextFormat.whole(want.step) : nil
  }

  private static func range(
    _ want: HistoryRequest, from start: Double, to end: Double, of archive: any SampleArchive, _ history: History
  ) async throws -> HistoryRange {
    let step = step(want)
    let columns = try await archive.columns(
      metrics, from: start, to: end, step: step, extremes: true, limit: maxValues)
    let rows = ColumnSamples(columns)
    let full = columns.timestamps.indices.filter { !rows.isEmpty(row: $0) }
    // How far apart they stand: between two that stand as others do there is no gap.
    let distances = zip(full, full.dropFirst()).map { columns.timestamps[$1] - columns.timestamps[$0] }.sorted()
    let cadence = max(Double(step ?? 1), distances.isEmpty ? Double(want.interval) : distances[distances.count / 2])
    var range = HistoryRange()
    var before = -Double.infinity
    for row in full {
      let time = columns.timestamps[row]
      let elapsed = min(time - before, cadence * 1.5)
      before = time
      range.steps.append(
        HistoryBucket(
          mean: rows.sample(row: row, elapsed: elapsed), minimum: rows.sample(row: row, .minimum, elapsed: elapsed),
          maximum: rows.sample(row: row, .maximum, elapsed: elapsed),
          count: max(1, TextFormat.whole(Double(step ?? 1) / Double(want.interval)))))
    }
    var log = EventLog(interval: TextFormat.whole(cadence.rounded(.up)))
    log.update(
      range.steps.map { step in
        var sample = step.mean
        // Of a step in which the machine was started anew the mean would tell of it twice.
        sample.host.uptime = step.minimum.host.uptime
        return history.entry(of: sample)
      })
    range.events = log.events
    return range
  }

  private static func time(_ time: Double, _ want: HistoryRequest, of archive: any SampleArchive) async throws
    -> HistoryPoint?
  {
    let near = max(want.step, Double(want.interval)) * 1.5
    var taken = try await archive.sample(at: time + 0.001)
    // The oldest moment of all may be the beginning of a minute, and the first sample stand later in it.
    if taken == nil { taken = try await archive.sample(at: time + max(60, Double(want.interval))) }
    if let taken, time - taken.timestamp.seconds <= near { return HistoryPoint(sample: taken) }
    // Samples are not kept as long as their means.
    for step in [60, 900] {
      let columns = try await archive.columns(
        [SeriesSelector("*")], from: time - near - Double(step), to: time + Double(step), step: step,
        extremes: false, limit: maxValues)
      let rows = ColumnSamples(columns)
      let place = columns.timestamps.indices.last {
        columns.timestamps[$0] - Double(step) <= time + 0.001 && !rows.isEmpty(row: $0)
      }
      guard let place else { continue }
      if let taken, columns.timestamps[place] - Double(step) <= taken.timestamp.seconds { break }
      return HistoryPoint(sample: rows.sample(row: place, elapsed: Double(step)), step: Double(step))
    }
    return taken.map { HistoryPoint(sample: $0) }
  }
}
