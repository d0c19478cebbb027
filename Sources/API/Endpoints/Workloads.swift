internal import AgentMetrics
internal import Collect
internal import Query
internal import SampleStore

extension Route {
  static let workloads = Route(
    path: "/workloads",
    summary: "All containers, services, sessions, jobs and other workloads, or the top ones recorded at a past time",
    parameters: [sort.definition, kind.definition, limit.definition, time.definition],
    contents: [.json(WorkloadsJSON.schema)], errors: [.notFound]
  ) { (api, context) async throws(APIError) in
    let order = try context.query.value(sort) ?? .cpu
    let kind = try context.query.value(kind)
    let limit = try context.query.value(limit) ?? .max
    let past = try context.query.value(time)
    var listing = WorkloadsJSON.Listing()
    if let past {
      let sample = try await api.entry(at: past).sample
      listing.isStored = true
      listing.timestamp = sample.timestamp
      listing.interval = sample.elapsed
      listing.workloads = sample.workloads ?? Workloads()
    } else if let reading = await api.demand.freshReading(maxAge: 1) {
      listing = WorkloadsJSON.Listing(now: reading)
      // The reading has no CPU time of the machine over the workloads' interval; the newest sample does.
      listing.workloads.unattributedCPU = api.history.newestOfMainTrack?.sample.workloads?.unattributedCPU ?? .nan
    } else {
      // Without a sampler the samples come from elsewhere.
      let sample = await api.history.first().sample
      listing.timestamp = sample.timestamp
      listing.interval = sample.elapsed
      listing.workloads = sample.workloads ?? Workloads()
    }
    let rows = listing.workloads.top.filter { kind == nil || $0.kind == kind }
    return .json(WorkloadsJSON.encode(listing, order.sorted(rows).prefix(limit)))
  }

  private static let sort = Parameter<WorkloadOrder>.choice(
    "sort", "Sort key, largest first; id ascending", default: .cpu)
  private static let kind = Parameter<WorkloadKind>(
    "kind", "Only workloads of this kind; all by default",
    allowed: "one of " + WorkloadKind.allCases.map(\.rawValue).joined(separator: ", "),
    .words(WorkloadKind.allCases.map(\.rawValue))
  ) { WorkloadKind(rawValue: $0) }
  private static let limit = Parameter<Int>.integer("limit", "Maximum number of workloads")
  private static let time = Parameter<Timestamp>.time("at", "A past time; now by default")
}

extension WorkloadsJSON.Listing {
  /// All workloads of a Reading, with rates over the time since the collector's earlier reading.
  fileprivate init(now reading: Reading) {
    timestamp = reading.timestamp
    guard let current = reading.workloads else { return }
    let none = Elapsed(seconds: .nan)
    let span = WorkloadSpan(from: nil, to: current, over: none)
    var context = Workloads.Context()
    context.processes = reading.processes.map { ProcessSpan(from: nil, to: $0, over: none) }
    context.gpus = reading.gpus
    workloads = Workloads(span, in: context, keepsAll: true)
    interval = span.elapsed.seconds
    age = current.age
  }
}
