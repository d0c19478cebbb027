internal import AgentMetrics
package import Query
internal import SampleStore

extension Route {
  static let waste = Route(
    path: "/waste",
    summary:
      "GPUs held without use, their energy, and time throttled at CPU limits, by workload or user between two times",
    parameters: [Parameters.from.definition, Parameters.to.definition, grouping.definition, limit.definition],
    contents: [.json(.component("Waste"))], errors: [.notFound]
  ) { (api, context) async throws(APIError) in
    let newest = await api.history.first().sample.timestamp
    let to = try context.query.value(Parameters.to) ?? newest
    let from = try context.query.value(Parameters.from) ?? Timestamp(seconds: to.seconds - 3_600)
    let grouping = try context.query.value(grouping) ?? .workload
    let limit = try context.query.value(limit) ?? 20
    guard from <= to else { throw APIError(from, isLaterThan: to) }
    let report: WasteReport
    do {
      report = try await api.history.waste(from: from.seconds, to: to.seconds, by: grouping, limit: limit)
    } catch {
      throw APIError(
        .badRequest, "too many samples: more than \(History.maxVisitedSamples) in the window; use a shorter one",
        parameter: "from")
    }
    guard report.samples > 0 else {
      throw APIError(.notFound, "no samples from \(from.rfc3339) to \(to.rfc3339)", parameter: "from")
    }
    return .json(JSONWriter.bytes(report, WasteReport.table))
  }

  private static let grouping = Parameter<WasteGrouping>.choice("by", "Grouping", default: .workload)
  private static let limit = Parameter<Int>.integer("limit", "Maximum number of entries", in: 1...1_000, default: 20)
}

extension API {
  /// The body of `/waste` for a report.
  package static func wasteBody(of report: WasteReport) -> String {
    String(decoding: JSONWriter.bytes(report, WasteReport.table), as: UTF8.self) + "\n"
  }
}
