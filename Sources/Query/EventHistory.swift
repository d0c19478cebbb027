package import AgentMetrics

/// Which events are wanted.
package struct EventQuery: Sendable, Hashable {
  /// POSIX times, both included.
  package var from: Double
  package var to: Double
  /// nil for all kinds.
  package var kinds: Set<EventKind>?
  /// Maximum number; the newest are kept.
  package var limit: Int

  package init(from: Double = -.infinity, to: Double = .infinity, kinds: Set<EventKind>? = nil, limit: Int = 1_000) {
    (self.from, self.to, self.kinds, self.limit) = (from, to, kinds, limit)
  }

  package func matches(_ event: MachineEvent) -> Bool {
    event.time >= from && event.time <= to && kinds?.contains(event.kind) ?? true
  }
}

/// Events of a time range.
package struct EventHistory: MetricGroup, Hashable {
  /// POSIX time since which events were recorded; NaN where none were yet.
  package var since = Double.nan
  /// Newest first.
  package var events: [MachineEvent] = []
  /// Whether older events were left out.
  package var isTruncated = false

  package init() {}

  package init(since: Double, events: [MachineEvent], isTruncated: Bool = false) {
    (self.since, self.events, self.isTruncated) = (since, events, isTruncated)
  }

  /// Adds events from another source; those that both have come once.
  package mutating func add(_ others: [MachineEvent], since: Double, of query: EventQuery) {
    let known = Set(events.map(EventKey.init))
    events += others.filter { query.matches($0) && !known.contains(EventKey($0)) }
    events = events.enumerated().sorted { left, right in
      left.element.time == right.element.time
        ? left.offset < right.offset : left.element.time > right.element.time
    }.map(\.element)
    if events.count > query.limit {
      events.removeLast(events.count - query.limit)
      isTruncated = true
    }
    self.since = self.since.isNaN ? since : since.isNaN ? self.since : min(self.since, since)
  }

  package static let table = Table<EventHistory>([
    .timestamp("since", "Time since which events were recorded", \.since),
    .list("events", keys: [], isSeries: false, MachineEvent.table, \.events),
    .flag("truncated", "Present where older events of the range were left out", \.isTruncated, omitsFalse: true),
  ])
}

/// Identity of an event, for lists that come from several sources.
package struct EventKey: Hashable, Sendable {
  private let kind: EventKind
  private let second: Int64
  private let subject: String

  package init(_ event: MachineEvent) {
    (kind, subject) = (event.kind, event.subject)
    second = Int64(min(max(event.time.isFinite ? event.time : 0, -1e12), 1e12).rounded())
  }
}
