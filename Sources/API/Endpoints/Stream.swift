internal import AgentMetrics
internal import History

extension Route {
  static let stream = Route(
    path: "/metrics/stream",
    summary: "Samples as they are taken, as server-sent events; each event's id is its sample's timestamp",
    parameters: [interval.definition, since.definition, lastEventID.definition],
    contents: [Content(type: "text/event-stream", schema: .text)], errors: [.serviceUnavailable]
  ) { (api, exchange) throws(APIError) in
    let interval = try exchange.query.value(interval) ?? 1
    // A browser that connects anew keeps the address, and says in the header what came since.
    var since = try exchange.query.value(since)
    if let id = exchange.request[header: lastEventID.definition.name], !id.isEmpty { since = try lastEventID.value(id) }
    guard let share = api.streams.take() else {
      throw APIError(.serviceUnavailable, "there are \(api.settings.streams) streams already, which is the most")
        .adding("Retry-After", "10")
    }
    return API.Response(
      status: 200,
      headers: [
        ("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-store"),
        // nginx would hold events back to make them one packet.
        ("X-Accel-Buffering", "no"),
      ],
      content: .events(EventStream(api.history, interval: interval, since: since, share: share)))
  }

  private static let interval = Parameter<Int>.integer(
    "interval", "Seconds between two samples; from the history's interval on, the history's own samples",
    in: 1...86_400,
    default: 1)
  private static let since = Parameter<Timestamp>.moment(
    "since", "What is newer than this comes first, as far as it is kept; else only the newest sample does")
  private static let lastEventID = Parameter<Timestamp>.moment(
    "Last-Event-ID", in: .header, "The id of the last event that came, in place of since")
}
