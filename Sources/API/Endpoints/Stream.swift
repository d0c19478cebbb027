internal import AgentMetrics
internal import SampleStore

extension Route {
  static let stream = Route(
    path: "/metrics/stream",
    summary: "Samples as they are taken, as server-sent events; the id of an event is its sample's timestamp",
    parameters: [interval.definition, since.definition, count.definition, lastEventID],
    contents: [ContentType(type: "text/event-stream", schema: nil)], errors: [.serviceUnavailable]
  ) { (api, context) throws(APIError) in
    let interval = try context.query.value(interval) ?? 1
    let count = try context.query.value(count)
    // A browser that reconnects keeps the URL, and sends the last event's id in the header. An id that is not a
    // timestamp is another server's and ignored: an error would stop the browser from reconnecting.
    var since = try context.query.value(since)
    if let id = context.request[header: lastEventID.name], let last = Timestamp(time: id) { since = last }
    let share: Semaphore.Permit
    do throws(Semaphore.Refusal) {
      share = try api.streams.take(for: context.request.client)
    } catch {
      let message =
        switch error {
        case .all: "too many streams: \(api.streams.limit) are open, the most allowed"
        case .client: "too many streams of this client: \(api.streams.mostPerClient) are open, the most allowed"
        }
      throw APIError(.serviceUnavailable, message).adding("Retry-After", "10")
    }
    return API.Response(
      status: 200,
      headers: [
        ("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-store"),
        // Disables nginx's buffering of events.
        ("X-Accel-Buffering", "no"),
      ],
      content: .events(
        EventStream(
          api.demand, interval: interval, since: since, count: count, share: share,
          isPermitted: api.permission(of: context.request))))
  }

  private static let interval = Parameter<Int>.integer(
    "interval", "Seconds between two samples; from the history's interval on, the history's own samples",
    in: 1...86_400,
    default: 1)
  private static let since = Parameter<Timestamp>.time(
    "since", "Stored samples newer than this come first; by default only the newest one")
  private static let count = Parameter<Int>.integer(
    "count", "Ends the stream after so many samples; endless by default")
  private static let lastEventID = ParameterDefinition(
    name: "Last-Event-ID", place: .header, help: "The id of the last event received, in place of since",
    allowed: "a timestamp; anything else is ignored", schema: .text)
}
