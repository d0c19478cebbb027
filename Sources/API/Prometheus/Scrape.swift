internal import AgentMetrics
internal import Exposition
internal import History

extension Route {
  /// The word of the world's scrapers; `/metrics/…` are this API's own.
  static let prometheus = Route(
    path: "/metrics",
    summary:
      "All metrics for Prometheus, in OpenMetrics or text by the Accept header: counters and levels at most a second old,"
      + " rates as means over the history's last interval, process counts at most half a minute old",
    parameters: [NodeCollectors.collect.definition, NodeCollectors.exclude.definition],
    contents: ExpositionFormat.allCases.map { format in
      ContentType(type: String(format.contentType.prefix { $0 != ";" }), schema: .text)
    }, ignoresOtherParameters: true
  ) { (api, context) async throws(APIError) in
    let format = ExpositionFormat.accepted(context.request[header: "Accept"])
    let collectors = api.settings.prometheus.hasNode ? try NodeCollectors(context.query) : nil
    let reading = await api.history.freshReading(maxAge: 1)
    let newest = await api.history.first()
    let entry = api.history.newestOfMainTrack ?? newest
    let variant = ResponseCache.Variant(
      format: format, time: reading?.boottime ?? 0,
      isGzipped: API.Response.acceptsGzip(context.request[header: "Accept-Encoding"]))
    if collectors == nil, let kept = api.scrapes.response(for: entry, variant) { return kept }
    // Without a sampler the samples come from elsewhere, and there is nothing but the newest one.
    let sample = reading.map { Sample(levelsOf: $0, ratesOf: api.history.newestOfMainTrack?.sample) } ?? entry.sample
    let bytes = Scrape.encode(
      sample, api.cpuTimes.steadied(reading ?? Reading()), format, compatibility: api.settings.prometheus,
      collectors: collectors, source: api.scrapeSource)
    // What is read for a scrape alone is as old as the Reading: within its second all scrapes get one response.
    let response = API.Response.body([.bytes(bytes)], type: format.contentType).adding(vary: "Accept")
    // Choices of collectors are too many to be kept.
    if collectors != nil { return response }
    return api.scrapes.keep(api.finished(response, for: context.request), for: entry, variant)
  }
}

/// What a scraper gets.
enum Scrape {
  /// The whole text.
  ///
  /// - Parameter source: reads what the sample lacks; nil where there is no such machine.
  static func encode(
    _ sample: Sample, _ reading: Reading, _ format: ExpositionFormat, compatibility: PrometheusCompatibility,
    collectors: NodeCollectors? = nil, source: (any ScrapeSource)?
  ) -> [UInt8] {
    let filter = collectors.map { collectors in { @Sendable (name: String) in collectors.contains(family: name) } }
    var exposition = Exposition(format, capacity: 131_072, filter: filter)
    NativeWriter.write(sample, to: &exposition)
    CounterWriter.write(reading, to: &exposition)
    source?.writeProcess(to: &exposition)
    if compatibility.hasNode {
      let reported = source?.writeNode(to: &exposition) ?? (groups: [], sensors: [])
      NodeWriter(reading: reading, written: reported.groups, sensors: reported.sensors, collectors: collectors)
        .write(to: &exposition)
    }
    if compatibility.hasDCGM { DCGMWriter.write(sample, to: &exposition) }
    return exposition.finish()
  }
}
