internal import AgentMetrics
internal import Events
internal import Query
internal import SampleStore

extension Route {
  static let events = Route(
    path: "/events",
    summary:
      "Events of the machine, newest first: reboots, OOM kills, errors of GPUs and disks, throttling, filesystems, links,"
      + " workloads, alerts. New ones also come with the samples of /metrics/stream, as events.new",
    parameters: [
      Parameters.from.definition, Parameters.to.definition, kinds.definition, limit.definition,
    ],
    contents: [.json(.component("Events"))], errors: [.notFound]
  ) { (api, context) async throws(APIError) in
    var query = EventQuery()
    if let from = try context.query.value(Parameters.from) { query.from = from.seconds }
    if let to = try context.query.value(Parameters.to) { query.to = to.seconds }
    query.kinds = try context.query.value(kinds)
    query.limit = try context.query.value(limit) ?? 100
    guard query.from <= query.to else {
      throw APIError(Timestamp(seconds: query.from), isLaterThan: Timestamp(seconds: query.to))
    }
    // At its start an agent has no events yet, not even those of a simulated past.
    _ = await api.history.first()
    return .json(JSONWriter.bytes(await api.events(query), EventHistory.table))
  }

  private static let kinds = Parameter<Set<EventKind>>(
    "kind", "Kinds of events, separated by commas; all by default",
    allowed: "one or more of " + EventKind.detected.map(\.rawValue).joined(separator: ", "),
    .pattern(kindPattern)
  ) { text in
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let kinds = words.compactMap { word in EventKind.detected.first { $0.rawValue == word } }
    return kinds.count == words.count ? Set(kinds) : nil
  }

  private static let kindPattern: String = {
    let kind = "(" + EventKind.detected.map(\.rawValue).joined(separator: "|") + ")"
    return "^" + kind + "(," + kind + ")*$"
  }()

  private static let limit = Parameter<Int>.integer("limit", "Maximum number of events", in: 1...10_000, default: 100)
}

extension API {
  /// The events of a query: those in memory, and those in the archive.
  ///
  /// Where the archive is unreadable, memory answers alone.
  fileprivate func events(_ query: EventQuery) async -> EventHistory {
    var found = EventHistory()
    if let archived = try? await history.archive?.events(query) { found = archived }
    found.add(settings.events?.recent.reversed() ?? [], since: settings.events?.since ?? .nan, of: query)
    return found
  }
}
