internal import AgentMetrics
internal import Query
internal import SampleStore
internal import SystemIO

/// Fetches the stored events for the list of events, in the background.
final class EventListFetcher: Sendable {
  private let fetcher = Fetcher<[MachineEvent]>()
  /// Seconds between two requests.
  private static let interval = 10.0
  /// Maximum number of events in the list.
  static let limit = 1_000

  /// Requests the newest events of a host's store, if it has any; `wake` is called for the answer.
  func fetch(of host: Int, from archive: (any SampleArchive)?, _ wake: @escaping @Sendable () -> Void) {
    guard let archive else { return }
    let begin = Clock.monotonic
    guard fetcher.begin(key: host, interval: Self.interval, now: begin) else { return }
    Task.detached { [fetcher] in
      let found = try? await archive.events(EventQuery(limit: Self.limit))
      fetcher.end(key: host, found?.events ?? fetcher.value(key: host), duration: Clock.monotonic - begin)
      wake()
    }
  }

  /// All known events of a host, newest first.
  func list(of host: Int, with live: [MachineEvent]) -> [MachineEvent] {
    var history = EventHistory(since: .nan, events: live.reversed())
    history.add(fetcher.value(key: host) ?? [], since: .nan, of: EventQuery(limit: Self.limit))
    return history.events
  }
}
