internal import AgentMetrics
internal import Exposition
internal import History

extension Route {
  /// The word of the world's scrapers; `/metrics/…` are this API's own.
  static let prometheus = Route(
    path: "/metrics",
    summary:
      "All figures for Prometheus, none older than a second but how many processes there are, half a minute at most: "
      + "OpenMetrics where it is asked for, else text",
    contents: ExpositionFormat.allCases.map { format in
      Content(type: String(format.contentType.prefix { $0 != ";" }), schema: .text)
    }
  ) { (api, exchange) async throws(APIError) in
    let format = ExpositionFormat.accepted(exchange.request[header: "Accept"])
    let (entry, reading) = await api.history.fresh(maxAge: 1)
    let variant = KeptResponses.Variant(
      format: format, moment: reading.boottime,
      isPacked: API.Response.acceptsGzip(exchange.request[header: "Accept-Encoding"]))
    if let kept = api.scrapes.response(for: entry, variant) { return kept }
    let bytes = Scrape.encode(
      entry.sample, reading, format, compatibility: api.settings.prometheus, source: api.scrapeSource)
    // What is read for a scrape alone is as old as the look: within its second all scrapes get one and the same.
    let response = API.Response.body([.bytes(bytes)], type: format.contentType).adding(vary: "Accept")
    return api.scrapes.keep(api.finished(response, for: exchange.request), for: entry, variant)
  }
}

/// What a scraper gets.
enum Scrape {
  /// The whole text.
  ///
  /// - Parameter source: reads what the sample lacks; nil where there is no such machine.
  static func encode(
    _ sample: Sample, _ reading: Reading, _ format: ExpositionFormat, compatibility: PrometheusCompatibility,
    source: (any ScrapeSource)?
  ) -> [UInt8] {
    var exposition = Exposition(format, capacity: 131_072)
    NativeWriter.write(sample, to: &exposition)
    source?.writeProcess(to: &exposition)
    if compatibility.hasNode {
      let told = source?.writeNode(to: &exposition) ?? (groups: [], sensors: [])
      NodeWriter(reading: reading, written: told.groups, sensors: told.sensors).write(to: &exposition)
    }
    if compatibility.hasDCGM { DCGMWriter.write(sample, to: &exposition) }
    return exposition.finish()
  }
}
