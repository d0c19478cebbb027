internal import AgentMetrics
internal import Collect
internal import SampleStore
internal import PrometheusExport

extension Route {
  /// The path is the default of Prometheus; `/metrics/…` belongs to this API.
  static let prometheus = Route(
    path: "/metrics",
    summary:
      "All metrics for Prometheus, in OpenMetrics or text by the Accept header: counters and levels at most a second old,"
      + " rates as means over the history's last interval, process counts at most half a minute old",
    parameters: [Parameters.collect.definition, Parameters.exclude.definition],
    contents: ExpositionFormat.allCases.map { format in
      ContentType(type: String(format.contentType.prefix { $0 != ";" }), schema: .text)
    }, ignoresOtherParameters: true
  ) { (api, context) async throws(APIError) in
    let format = ExpositionFormat.accepted(context.request[header: "Accept"])
    let collectors = api.settings.prometheus.hasNode ? try NodeCollectors(context.query) : nil
    let reading = await api.demand.freshReading(maxAge: 1)
    let newest = await api.history.first()
    let entry = api.history.newestOfMainTrack ?? newest
    let variant = ResponseCache.Variant(
      format: format, time: reading?.boottime ?? 0,
      isGzipped: API.Response.acceptsGzip(context.request[header: "Accept-Encoding"]))
    if collectors == nil, let kept = api.scrapes.response(for: entry, variant) { return kept }
    // Without a sampler the samples come from elsewhere, and only the newest one is available.
    var sample = reading.map { Sample(levelsOf: $0, ratesOf: api.history.newestOfMainTrack?.sample) } ?? entry.sample
    if let workloads = reading?.workloads {
      let known = sample.workloads?.top ?? []
      sample.workloads?.top = api.workloadSeries.select(workloads, known: known)
    }
    let bytes = Scrape.encode(
      sample, api.cpuTimes.steadied(reading ?? Reading()), format, compatibility: api.settings.prometheus,
      collectors: collectors, source: api.scrapeSource)
    // Values read only for scrapes are as old as the Reading: within its second all scrapes get one response.
    let response = API.Response.body([.bytes(bytes)], type: format.contentType).adding(vary: "Accept")
    // Selections of collectors are too many to cache.
    if collectors != nil { return response }
    return api.scrapes.keep(api.finished(response, for: context.request), for: entry, variant)
  }
}

extension NodeCollectors {
  /// The selection of a request; nil without one.
  fileprivate init?(_ query: URLQuery) throws(APIError) {
    let wanted = try query.values(Parameters.collect)
    let excluded = try query.values(Parameters.exclude)
    if wanted.isEmpty, excluded.isEmpty { return nil }
    self.init(wanted: wanted, excluded: excluded)
  }
}

extension Parameters {
  fileprivate static let collect = collectors(
    "collect[]", "Only the families of these collectors of node_exporter's, and process_; goes with --prom-compat node")
  fileprivate static let exclude = collectors(
    "exclude[]", "All but the families of these collectors of node_exporter's")

  private static func collectors(_ name: String, _ help: String) -> Parameter<String> {
    Parameter(
      name, help, allowed: "a collector of node_exporter's, e.g. cpu, meminfo, netdev",
      .words(NodeCollectors.known.sorted()),
      isRepeatable: true
    ) { NodeCollectors.known.contains($0) ? $0 : nil }
  }
}
