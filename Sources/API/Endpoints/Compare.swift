internal import AgentMetrics
internal import Query
internal import SampleStore

extension Route {
  static let compare = Route(
    path: "/compare",
    summary: "Changes between two times, the largest first: means of the stored samples around each time",
    parameters: [firstTime.definition, secondTime.definition, window.definition, kind.definition, limit.definition],
    contents: [.json(.component("Comparison"))], errors: [.notFound]
  ) { (api, context) async throws(APIError) in
    guard let first = try context.query.value(firstTime) else {
      throw APIError(.badRequest, "a: missing; must be \(firstTime.definition.allowed)", parameter: "a")
    }
    let second = try context.query.value(secondTime)
    let window = try context.query.value(window) ?? Int(Comparison.defaultWindow)
    let kind = try context.query.value(kind)
    let limit = try context.query.value(limit) ?? 30
    let newest = await api.history.first().sample.timestamp
    let found: Comparison?
    do {
      found = try await api.history.comparison(
        first.seconds, (second ?? newest).seconds, window: Double(window))
    } catch {
      throw APIError(
        .badRequest, "too many samples: more than \(History.maxVisitedSamples) in a window; use a shorter one",
        parameter: "window")
    }
    guard let found else {
      throw APIError(
        .notFound, "no samples around \(first.rfc3339) or \((second ?? newest).rfc3339)", parameter: "a")
    }
    return .json(JSONWriter.bytes(found.limited(to: kind, count: limit), Comparison.table))
  }

  private static let firstTime = Parameter<Timestamp>.time("a", "The first time", isRequired: true)
  private static let secondTime = Parameter<Timestamp>.time("b", "The second time; the newest sample by default")
  private static let window = Parameter<Int>.integer(
    "window", "Seconds around each time; at most the time between both", in: 1...3_600,
    default: Int(Comparison.defaultWindow))
  private static let kind = Parameter<ChangeKind>(
    "of", "Only changes of this kind; all by default",
    allowed: "one of " + ChangeKind.allCases.map(\.rawValue).joined(separator: ", "),
    .words(ChangeKind.allCases.map(\.rawValue))
  ) { ChangeKind(rawValue: $0) }
  private static let limit = Parameter<Int>.integer("limit", "Maximum number of entries", in: 1...1_000, default: 30)
}
