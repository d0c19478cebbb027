internal import AgentMetrics
internal import Query
internal import SampleStore

extension Route {
  static let latest = Route(
    path: "/metrics/latest",
    summary: "The newest sample of the agent's interval: its rates are means over the interval, whoever else watches",
    contents: [.json(.component("Sample"))],
    isRevalidated: true
  ) { (api, context) async throws(APIError) in
    // A live client's samples have rates over its own interval, which other clients must not see.
    let first = await api.history.first()
    let entry = api.history.newestOfMainTrack ?? first
    let isConditional =
      context.request[header: "If-None-Match"] != nil || context.request[header: "If-Modified-Since"] != nil
    if isConditional { return try await sample(entry, for: context) }
    let variant = ResponseCache.Variant(
      isGzipped: API.Response.acceptsGzip(context.request[header: "Accept-Encoding"]))
    if let kept = api.latest.response(for: entry, variant) { return kept }
    return api.latest.keep(
      api.finished(try await sample(entry, for: context), for: context.request), for: entry, variant)
  }

  static let at = Route(
    path: "/metrics/at", summary: "The newest stored sample at or before a time",
    parameters: [Parameters.time.definition], contents: [.json(.component("Sample"))], errors: [.notFound],
    isRevalidated: true
  ) { (api, context) async throws(APIError) in
    guard let time = try context.query.value(Parameters.time) else {
      throw APIError(
        .badRequest, "time: missing; must be \(Parameters.time.definition.allowed)",
        parameter: Parameters.time.definition.name)
    }
    return try await sample(try await api.entry(at: time), for: context)
  }

  private static func sample(_ entry: History.Entry, for context: RequestContext) async throws(APIError)
    -> API.Response
  {
    try await .validated(Validator(of: [entry], target: ""), for: context.request) { () throws(APIError) in
      .body([.sample(entry), .bytes([UInt8(ascii: "\n")])], type: jsonType)
    }
  }

  static let history = Route(
    path: "/metrics/history", summary: "The history: as samples, or as columns of the requested metrics",
    parameters: [
      Parameters.seconds.definition, Parameters.from.definition, Parameters.to.definition, Parameters.step.definition,
      Parameters.metrics.definition, Parameters.stats.definition, Parameters.format.definition,
    ],
    contents: [
      .json(.component("History")), .json(.component("Columns")), ContentType(type: "text/csv", schema: .text),
    ], errors: [.notFound, .serviceUnavailable], isRevalidated: true
  ) { (api, context) async throws(APIError) in
    let question = try HistoryQuestion(context.query)
    // The first sample takes a fraction of a second; an empty response at start would be correct but useless.
    _ = await api.history.first()
    let validator = Validator(of: api.history.samples(in: question.query), target: context.request.target)
    return try await .validated(validator, for: context.request) { () async throws(APIError) in
      let isGzipped = API.Response.acceptsGzip(context.request[header: "Accept-Encoding"])
      return try await question.answer(from: api, isGzipped: isGzipped)
    }
  }

  static let jsonType = "application/json; charset=utf-8"
}

extension API {
  /// The newest stored sample at or before a time; waits for the first one.
  func entry(at time: Timestamp) async throws(APIError) -> History.Entry {
    _ = await history.first()
    guard let entry = await history.archivedEntry(at: time) else {
      throw APIError(.notFound, "no sample at or before \(time.rfc3339)")
    }
    return entry
  }
}

/// Parameters of the metrics' resources.
enum Parameters {
  static let seconds = Parameter<Int>.integer(
    "seconds",
    "Length of the range in seconds up to the newest sample, 300 by default; with to it ends there, with from it begins"
      + " there, with both it is cut at its beginning")
  static let from = Parameter<Timestamp>.time("from", "Beginning of the range, included")
  static let to = Parameter<Timestamp>.time("to", "End of the range, included")
  static let time = Parameter<Timestamp>.time("time", "The time", isRequired: true)
  static let step = Parameter<Int>.integer(
    "step",
    "Seconds of a step, which ends on a multiple of it: means of gauges, last values of counters. A step that is finer"
      + " than the history's interval includes the samples taken for live clients",
    in: 1...31_622_400)
  static let metrics = Parameter<[SeriesSelector]>(
    "metrics",
    "The columns, separated by commas: ids of the catalog (every series), with labels (gpus.util{index=\"0\"}), or with"
      + " * for any characters", allowed: "ids of /catalog that have series, with labels, or with *",
    .pattern(MetricPattern.text),
    isRepeatable: true
  ) { SeriesSelector.list($0) }
  static let stats = Parameter<Set<Statistic>>(
    "stats", "Statistics of each step as columns, separated by commas; by default of all metrics",
    allowed: "one or more of " + Statistic.allCases.map(\.rawValue).joined(separator: ", "),
    .pattern("^(mean|min|max)(,(mean|min|max))*$")
  ) { text in
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map { Statistic(rawValue: String($0)) }
    return words.contains(nil) ? nil : Set(words.compactMap(\.self))
  }
  static let format = Parameter<Format>.choice(
    "format", "JSON, or columns as CSV (RFC 4180); all columns if metrics is empty", default: .json)

  enum Format: String, CaseIterable {
    case json, csv
  }
}

/// A statistic of a step.
enum Statistic: String, CaseIterable {
  case mean, min, max
}

/// Parameters of a history request.
private struct HistoryQuestion {
  let query: HistoryQuery
  private let selectors: [SeriesSelector]?
  private let statistics: Set<Statistic>
  private let format: Parameters.Format

  init(_ parameters: URLQuery) throws(APIError) {
    let seconds = try parameters.value(Parameters.seconds)
    let (from, to) = (try parameters.value(Parameters.from), try parameters.value(Parameters.to))
    var range = HistoryQuery.Range.last(seconds: Double(seconds ?? 300))
    if from != nil || to != nil {
      if let from, let to, from > to { throw APIError(from, isLaterThan: to) }
      let length = seconds.map(Double.init)
      let start = length.flatMap { length in to.map { Timestamp(seconds: $0.seconds - length) } }
      let end = length.flatMap { length in from.map { Timestamp(seconds: $0.seconds + length) } }
      range = .between([from, start].compactMap(\.self).max(), to ?? end)
    }
    query = HistoryQuery(range, step: try parameters.value(Parameters.step))
    format = try parameters.value(Parameters.format) ?? .json
    let named = try parameters.values(Parameters.metrics).flatMap(\.self)
    if let unknown = named.first(where: { !$0.isKnown }) {
      throw APIError(
        parameter: "metrics", value: unknown.text, allowed: Parameters.metrics.definition.allowed)
    }
    let statistics = try parameters.value(Parameters.stats)
    let isColumns = format == .csv || statistics != nil
    selectors = named.isEmpty ? (isColumns ? [SeriesSelector("*")] : nil) : named
    self.statistics = statistics ?? [.mean]
  }

  func answer(from api: API, isGzipped: Bool) async throws(APIError) -> API.Response {
    let history = api.history
    guard let selectors else {
      let samples: [History.Entry]
      do {
        samples = try await history.samples(for: query)
      } catch {
        throw APIError(
          .badRequest,
          "too many samples: more than \(History.maxArchivedSamples) from the archive; use a larger step, metrics or a"
            + " shorter range", parameter: "step")
      }
      if query.step == nil, !isGzipped, api.plainTexts.isRequestedAgain() { keep(samples) }
      return try wholeSamples(samples, interval: history.interval)
    }
    let columns: Columns
    do {
      columns = try await history.columns(
        for: query, selectors, extremes: statistics.contains(.min) || statistics.contains(.max))
    } catch {
      throw APIError(
        .badRequest,
        "too many values: more than \(Columns.maxValues) in \(error.rows) rows; use a larger step, fewer metrics or a"
          + " shorter range", parameter: "step")
    }
    switch format {
    case .json:
      let range = bounds(columns.timestamps)
      return .json(
        ColumnsJSON.encode(columns, query, statistics, interval: history.interval, from: range.from, to: range.to))
    case .csv:
      return .body([.bytes(ColumnsCSV.encode(columns, statistics))], type: "text/csv; charset=utf-8; header=present")
    }
  }

  /// Maximum bytes of past samples' text that stay decompressed.
  private static let maxDecoded = 32 << 20

  /// Keeps samples' text decompressed, the newest first.
  private func keep(_ samples: [History.Entry]) {
    var room = Self.maxDecoded
    for entry in samples.reversed() {
      room -= SampleJSON.count(of: entry)
      guard room >= 0, !Task.isCancelled else { return }
      _ = SampleJSON.bytes(of: entry, isKept: true)
    }
  }

  /// Writes whole samples.
  private func wholeSamples(_ samples: [History.Entry], interval: Int) throws(APIError) -> API.Response {
    let step = query.step.map { #","step_sec":\#($0)"# } ?? ""
    var pieces = [API.BodyPiece.bytes(Array(#"{"interval_sec":\#(interval)\#(step),"samples":["#.utf8))]
    func add(_ piece: API.BodyPiece) throws(APIError) {
      // Encoding a day of samples takes a while; a server that shuts down does not wait for it.
      if Task.isCancelled { throw APIError(.serviceUnavailable, "the server is shutting down") }
      if pieces.count > 1 { pieces.append(.bytes([UInt8(ascii: ",")])) }
      pieces.append(piece)
    }
    if query.step == nil {
      for entry in samples { try add(.sample(entry)) }
    } else {
      for step in query.steps(of: samples, interval: interval) where !step.samples.isEmpty {
        try add(.bytes(MeanSampleJSON.encode(step.samples.map(\.sample))))
      }
    }
    pieces.append(.bytes(Array("]}\n".utf8)))
    return .body(pieces, type: Route.jsonType)
  }

  /// The requested range, limited to the available samples.
  private func bounds(_ rows: [Double]) -> (from: Timestamp?, to: Timestamp?) {
    let (first, last) = (rows.first.map(Timestamp.init), rows.last.map(Timestamp.init))
    switch query.range {
    case .last(let seconds): return (last.map { Timestamp(seconds: $0.seconds - seconds) }, last)
    case .between(let from, let to): return (from ?? first, to ?? last)
    }
  }
}

/// Regular expression of `metrics`, for clients that validate or generate values.
private enum MetricPattern {
  static let text: String = {
    let ids = Catalog.shared.metrics.filter(\.isColumn).map { $0.id.replacing(".", with: "\\.") }
    let series = "(\(ids.joined(separator: "|")))(\\{([a-z_]+=\"[^\"\\\\{}]*\"|,)*\\})?"
    let domains = Set(Catalog.shared.metrics.filter(\.isColumn).map { $0.id.prefix { $0 != "." } }).sorted()
    let selector = "(\(series)|(\(domains.joined(separator: "|")))\\.\\*|\\*)"
    return "^\(selector)(,\(selector))*$"
  }()
}
