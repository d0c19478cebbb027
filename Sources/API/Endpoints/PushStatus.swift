internal import AgentMetrics

extension Route {
  static let pushStatus = Route(
    path: "/push/status", summary: "Progress of pushing samples to each receiver",
    contents: [.json(JSONSchema(PushTargets.table))]
  ) { (api, _) throws(APIError) in
    .json(JSONWriter.bytes(PushTargets(targets: api.settings.pushStatus()), PushTargets.table))
  }
}

/// The body of `/push/status`.
private struct PushTargets: MetricGroup {
  var targets: [PushStatus] = []

  static let table = Table<PushTargets>([.list("targets", keys: [], PushStatus.report, \.targets)])
}
