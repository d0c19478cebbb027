internal import AgentMetrics
internal import Events
internal import Query
internal import SampleStore
internal import Synchronization
internal import SystemIO

/// One step of time before memory.
struct HistoryBucket: Sendable {
  /// Mean at the end of the step; `elapsed` is its length.
  var mean: Sample
  /// Minimum and maximum of each metric.
  var minimum: Sample
  var maximum: Sample
  /// Approximate number of samples.
  var count: Int
}

/// A time range before memory, in the steps of an axis.
struct HistoryRange: Sendable {
  var steps: [HistoryBucket] = []
  var events: [MachineEvent] = []
}

/// The state at one time before memory.
struct HistoryPoint: Sendable, Equatable {
  var sample: Sample
  /// Seconds of the mean; nil for an original sample.
  var step: Double?
  /// The time that was asked for.
  var requested = Double.nan

  static func == (left: HistoryPoint, right: HistoryPoint) -> Bool {
    left.sample.timestamp == right.sample.timestamp && left.step == right.step
  }
}

/// Fetches samples older than memory from the archive in the background.
///
/// One range and one point are in flight at a time; the newest request follows.
final class HistoryFetcher: Sendable {
  /// The archived data needed by a screen.
  struct HistoryRequest: Equatable {
    /// Index of the host.
    var host: Int
    /// Step and range of the axis.
    var step: Double
    var start: Double
    var end: Double
    /// Start of memory.
    var memory: Double
    /// Time cursor, if it is before memory.
    var time: Double?
    /// Nominal seconds between two samples.
    var interval: Int
  }

  private struct State {
    var host = 0
    var range = HistoryRange()
    /// Step, start and end of the range.
    var known: (step: Double, start: Double, end: Double)?
    var asked: Double?
    var time: HistoryPoint?
    var pointKey: Double?
    var pointRequestedAt: Double?
    /// Error of the last request.
    var failure: String?
    var retry = -Double.infinity
    var hasNews = false
  }

  private let state = Mutex(State())

  /// Retry delay after a failure, in seconds.
  private static let pause = 5.0
  /// Seconds after which the screen shows that an answer is pending.
  private static let patience = 0.3
  /// Maximum of rows × series in one answer.
  private static let maxValues = 1_000_000
  /// Maximum number of events on the axis.
  private static let maxEvents = 2_000

  /// Metrics of all graphs and events.
  static let metrics = Set(PanelDescriptor.all.flatMap(\.graphs).flatMap(\.metrics) + EventLog.metrics).sorted()
    .map { SeriesSelector($0) }

  /// Returns the known range, whose steps end before memory; empty for another axis.
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

  /// Returns the state at the requested time, or the previous one while the request is in flight.
  func time(_ want: HistoryRequest) -> HistoryPoint? {
    state.withLock { $0.host == want.host ? $0.time : nil }
  }

  /// Whether an answer is overdue.
  func isAwaited(_ want: HistoryRequest, now: Double) -> Bool {
    state.withLock { state in
      [state.asked, want.time == nil ? nil : state.pointRequestedAt].contains {
        $0.map { now - $0 >= Self.patience } ?? false
      }
    }
  }

  /// Error of the last request; nil on success.
  var failure: String? { state.withLock { $0.failure } }

  /// Returns whether an answer has arrived since the last call.
  func takeNews() -> Bool {
    state.withLock { state in
      defer { state.hasNews = false }
      return state.hasNews
    }
  }

  /// Discards all answers when the cursor has left the past.
  func forget() {
    state.withLock { state in
      state.range = HistoryRange()
      (state.known, state.time, state.pointKey, state.failure) = (nil, nil, nil, nil)
    }
  }

  /// Requests missing data; `wake` is called for each answer.
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
          // Half a screen more on each side, so that not every step of the cursor sends a request.
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
      state.time?.requested = key
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

  /// Returns the step for an axis in seconds; nil for original samples, where the axis is finer.
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
    // Median distance of the rows: rows at this distance have no gap in between.
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
    let stored = (try? await archive.events(EventQuery(from: start, to: end, limit: maxEvents))) ?? nil
    var log = EventLog(interval: TextFormat.whole(cadence.rounded(.up)), origin: .means)
    log.update(
      range.steps.map { step in
        var sample = step.mean
        // The mean over a step with a restart would indicate a second one.
        sample.host.uptime = step.minimum.host.uptime
        return history.entry(of: sample)
      })
    // Before events were stored, those that the values show.
    let since = stored?.since ?? .infinity
    range.events = log.events.filter { !($0.time >= since) } + (stored?.events.reversed() ?? [])
    return range
  }

  private static func time(_ time: Double, _ want: HistoryRequest, of archive: any SampleArchive) async throws
    -> HistoryPoint?
  {
    let near = max(want.step, Double(want.interval)) * 1.5
    var taken = try await archive.sample(at: time + 0.001)
    // The oldest time may be the start of a minute that has its first sample later.
    if taken == nil { taken = try await archive.sample(at: time + max(60, Double(want.interval))) }
    if let taken, time - taken.timestamp.seconds <= near { return HistoryPoint(sample: taken) }
    // Samples are kept for a shorter time than their means.
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
