internal import AgentMetrics
internal import Collect
package import Query
internal import SampleStore

extension Route {
  static let culprits = Route(
    path: "/culprits",
    summary:
      "Use of the machine by processes, users or workloads between two times, largest first, from the stored samples",
    parameters: [
      Parameters.from.definition, Parameters.to.definition, grouping.definition, measure.definition, limit.definition,
    ],
    contents: [.json(.component("Culprits"))], errors: [.notFound]
  ) { (api, context) async throws(APIError) in
    let newest = await api.history.first().sample.timestamp
    let to = try context.query.value(Parameters.to) ?? newest
    let from = try context.query.value(Parameters.from) ?? Timestamp(seconds: to.seconds - 3_600)
    let grouping = try context.query.value(grouping) ?? .workload
    let measure = try context.query.value(measure) ?? .cpu
    let limit = try context.query.value(limit) ?? 20
    guard from <= to else { throw APIError(from, isLaterThan: to) }
    let window = SampleWindow(from: from.seconds, to: to.seconds)
    var sum = CulpritSum(by: grouping, in: window)
    try await api.visitSamples(in: window) { sum.add($0) }
    let ranking = sum.ranking(of: measure, limit: limit)
    guard ranking.samples > 0 else {
      throw APIError(.notFound, "no samples from \(from.rfc3339) to \(to.rfc3339)", parameter: "from")
    }
    return .json(JSONWriter.bytes(ranking, CulpritRanking.table))
  }

  private static let grouping = Parameter<CulpritGrouping>.choice("by", "Grouping of the ranking", default: .workload)
  private static let measure = Parameter<CulpritMeasure>.choice(
    "of", "CPU time, mean memory, bytes read and written, GPU time, or energy of GPUs", default: .cpu)
  private static let limit = Parameter<Int>.integer("limit", "Maximum number of entries", in: 1...1_000, default: 20)
}

extension API {
  /// Passes the stored samples of a window and those beside it to `body`, oldest first.
  func visitSamples(in window: SampleWindow, _ body: (Sample) -> Void) async throws(APIError) {
    do {
      try await history.visitSamples(in: window, body)
    } catch {
      throw APIError(
        .badRequest, "too many samples: more than \(History.maxVisitedSamples) in the window; use a shorter one",
        parameter: "from")
    }
  }

  /// The body of `/culprits` for a ranking.
  package static func culpritsBody(of ranking: CulpritRanking) -> String {
    String(decoding: JSONWriter.bytes(ranking, CulpritRanking.table), as: UTF8.self) + "\n"
  }
}
