internal import AgentMetrics
internal import Query
internal import SampleStore
internal import SystemIO

/// Fetches the stored events for the list of events, in the background.
final class EventListFetcher: Sendable {
  /// Events of the store, and the time up to which they are all.
  private struct Answer: Sendable {
    let events: [MachineEvent]
    let end: Double
  }

  private let fetcher = Fetcher<Answer>()
  /// Seconds between two requests.
  private static let interval = 10.0
  /// Maximum number of events in the list.
  static let limit = 1_000

  /// Requests the newest events of a host's store, if it has any; `wake` is called for the answer.
  ///
  /// - Parameter time: of the host's newest sample; NaN without one.
  func fetch(
    of host: Int, from archive: (any SampleArchive)?, asOf time: Double, _ wake: @escaping @Sendable () -> Void
  ) {
    guard let archive else { return }
    let begin = Clock.monotonic
    guard fetcher.begin(key: host, interval: Self.interval, now: begin) else { return }
    Task.detached { [fetcher] in
      let found = try? await archive.events(EventQuery(limit: Self.limit))
      let answer = found.map { Answer(events: $0.events, end: time) }
      fetcher.end(key: host, answer ?? fetcher.value(key: host), duration: Clock.monotonic - begin)
      wake()
    }
  }

  /// All known events of a host, newest first.
  ///
  /// - Parameters:
  ///   - live: events of the samples in memory.
  ///   - isDerived: whether `live` is by the own detector: the store knows the time before its answer better.
  func list(of host: Int, with live: [MachineEvent], isDerived: Bool = false) -> [MachineEvent] {
    let answer = fetcher.value(key: host)
    let end = isDerived ? answer?.end ?? .nan : .nan
    var history = EventHistory(since: .nan, events: live.reversed().filter { !($0.time <= end) })
    history.add(answer?.events ?? [], since: .nan, of: EventQuery(limit: Self.limit))
    return history.events
  }
}
