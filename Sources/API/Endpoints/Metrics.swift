internal import AgentMetrics
internal import History

extension Route {
  static let latest = Route(
    path: "/metrics/latest", summary: "The newest sample", contents: [.json(.component("Sample"))],
    isRevalidated: true
  ) { (api, exchange) async throws(APIError) in
    let entry = await api.history.first()
    let isConditional =
      exchange.request[header: "If-None-Match"] != nil || exchange.request[header: "If-Modified-Since"] != nil
    if isConditional { return try await sample(entry, for: exchange) }
    let variant = KeptResponses.Variant(
      isPacked: API.Response.acceptsGzip(exchange.request[header: "Accept-Encoding"]))
    if let kept = api.latest.response(for: entry, variant) { return kept }
    return api.latest.keep(
      api.finished(try await sample(entry, for: exchange), for: exchange.request), for: entry, variant)
  }

  static let at = Route(
    path: "/metrics/at", summary: "The newest stored sample at or before a moment",
    parameters: [Parameters.time.definition], contents: [.json(.component("Sample"))], errors: [.notFound],
    isRevalidated: true
  ) { (api, exchange) async throws(APIError) in
    guard let moment = try exchange.query.value(Parameters.time) else {
      throw APIError(
        .badRequest, "time: which moment is wanted; allowed is \(Parameters.time.definition.allowed)",
        parameter: Parameters.time.definition.name)
    }
    return try await sample(try await api.entry(at: moment), for: exchange)
  }

  private static func sample(_ entry: History.Entry, for exchange: Exchange) async throws(APIError) -> API.Response {
    try await .validated(Validator(of: [entry], target: ""), for: exchange.request) { () throws(APIError) in
      .body([.sample(entry)], type: jsonType)
    }
  }

  static let history = Route(
    path: "/metrics/history", summary: "The past: as samples, or as columns of the figures that are asked for",
    parameters: [
      Parameters.seconds.definition, Parameters.from.definition, Parameters.to.definition, Parameters.step.definition,
      Parameters.metrics.definition, Parameters.stats.definition, Parameters.format.definition,
    ],
    contents: [
      .json(.component("History")), .json(.component("Columns")), Content(type: "text/csv", schema: .text),
    ], errors: [.serviceUnavailable], isRevalidated: true
  ) { (api, exchange) async throws(APIError) in
    let question = try HistoryQuestion(exchange.query)
    // The first sample is a fraction of a second away; an empty answer at start would be true but of no use.
    _ = await api.history.first()
    let validator = Validator(of: question.query.samples(in: api.history), target: exchange.request.target)
    return try await .validated(validator, for: exchange.request) { () async throws(APIError) in
      let isPacked = API.Response.acceptsGzip(exchange.request[header: "Accept-Encoding"])
      return try await question.answer(from: api.history, isPacked: isPacked)
    }
  }

  static let jsonType = "application/json; charset=utf-8"
}

extension API {
  /// The newest stored sample at or before a moment; waits for the first one.
  func entry(at moment: Timestamp) async throws(APIError) -> History.Entry {
    _ = await history.first()
    guard let entry = await history.archivedEntry(at: moment) else {
      throw APIError(.notFound, "there is no sample at or before \(moment.rfc3339)")
    }
    return entry
  }
}

/// The parameters of the metrics' resources.
enum Parameters {
  static let seconds = Parameter<Int>.integer(
    "seconds", "So many seconds up to the newest sample; 300 where neither from nor to is given")
  static let from = Parameter<Timestamp>.moment("from", "The beginning, included")
  static let to = Parameter<Timestamp>.moment("to", "The end, included")
  static let time = Parameter<Timestamp>.moment("time", "The moment; there must be one")
  static let step = Parameter<Int>.integer(
    "step",
    "Seconds of a step, which ends on a multiple of it. Of levels it gives the mean, of counters the last value; a step"
      + " that is finer than the history's interval gives what was read for those who watch, too",
    in: 1...31_622_400)
  static let metrics = Parameter<[SeriesSelector]>(
    "metrics",
    "The columns, separated by commas: ids of the catalog (every series), with labels (gpus.util{index=\"0\"}), or with"
      + " * for any characters", allowed: "ids of /catalog that have series, with labels, or with *", .text,
    isRepeatable: true
  ) { SeriesSelector.list($0) }
  static let stats = Parameter<Set<Statistic>>(
    "stats", "What is told of each step, separated by commas; goes with columns",
    allowed: Statistic.allCases.map(\.rawValue).joined(separator: ", "), .text
  ) { text in
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map { Statistic(rawValue: String($0)) }
    return words.contains(nil) ? nil : Set(words.compactMap(\.self))
  }
  static let format = Parameter<Format>.choice(
    "format", "JSON, or the columns as RFC 4180 has them; all of them where metrics names none", default: .json)

  enum Format: String, CaseIterable {
    case json, csv
  }
}

/// What may be told of a step.
enum Statistic: String, CaseIterable {
  case mean, min, max
}

/// What somebody wants to know of the past, and in which form.
private struct HistoryQuestion {
  let query: HistoryQuery
  private let selectors: [SeriesSelector]?
  private let statistics: Set<Statistic>
  private let format: Parameters.Format

  init(_ parameters: Query) throws(APIError) {
    let seconds = try parameters.value(Parameters.seconds)
    let (from, to) = (try parameters.value(Parameters.from), try parameters.value(Parameters.to))
    var range = HistoryQuery.Range.last(seconds: Double(seconds ?? 300))
    if from != nil || to != nil {
      guard seconds == nil else {
        throw APIError(.badRequest, "seconds does not go with from and to", parameter: "seconds")
      }
      if let from, let to, from > to { throw APIError(.badRequest, "from is later than to", parameter: "from") }
      range = .between(from, to)
    }
    query = HistoryQuery(range, step: try parameters.value(Parameters.step))
    format = try parameters.value(Parameters.format) ?? .json
    let named = try parameters.values(Parameters.metrics).flatMap(\.self)
    if let unknown = named.first(where: { !$0.isKnown }) {
      throw APIError(
        parameter: "metrics", value: unknown.text, allowed: Parameters.metrics.definition.allowed)
    }
    selectors = named.isEmpty ? (format == .csv ? [SeriesSelector("*")] : nil) : named
    let statistics = try parameters.value(Parameters.stats)
    if statistics != nil, selectors == nil {
      throw APIError(.badRequest, "stats goes with metrics or with format=csv", parameter: "stats")
    }
    self.statistics = statistics ?? [.mean]
  }

  func answer(from history: History, isPacked: Bool) async throws(APIError) -> API.Response {
    guard let selectors else {
      let samples: [History.Entry]
      do {
        samples = try await history.samples(for: query)
      } catch {
        throw APIError(
          .badRequest,
          "the answer would have more than \(History.mostArchivedSamples) samples of before memory begins; allowed is"
            + " less: a greater step, metrics, or a shorter time", parameter: "step")
      }
      if query.step == nil, !isPacked, history.keepsPlain() { keep(samples) }
      return try wholeSamples(samples, interval: history.interval)
    }
    let columns: Columns
    do {
      columns = try await history.columns(
        for: query, selectors, extremes: statistics.contains(.min) || statistics.contains(.max))
    } catch {
      throw APIError(
        .badRequest,
        "the answer would have more than \(Columns.mostValues) values in \(error.rows) rows; allowed is less: a greater"
          + " step, fewer metrics or a shorter time", parameter: "step")
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

  /// Bytes of the past's text that are kept unpacked at most.
  private static let mostPlain = 32 << 20

  /// Keeps samples' text as it is, the newest first.
  private func keep(_ samples: [History.Entry]) {
    var room = Self.mostPlain
    for entry in samples.reversed() {
      room -= SampleJSON.count(of: entry)
      guard room >= 0, !Task.isCancelled else { return }
      _ = SampleJSON.bytes(of: entry, isKept: true)
    }
  }

  /// The specification's form.
  private func wholeSamples(_ samples: [History.Entry], interval: Int) throws(APIError) -> API.Response {
    let step = query.step.map { #","step_sec":\#($0)"# } ?? ""
    var pieces = [API.Piece.bytes(Array(#"{"interval_sec":\#(interval)\#(step),"samples":["#.utf8))]
    func add(_ piece: API.Piece) throws(APIError) {
      // Encoding a day of samples takes a while; a server that ends does not wait for it.
      if Task.isCancelled { throw APIError(.serviceUnavailable, "the server is ending") }
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
    pieces.append(.bytes(Array("]}".utf8)))
    return .body(pieces, type: Route.jsonType)
  }

  /// The stretch as it was asked for, or as far as there are samples.
  private func bounds(_ rows: [Double]) -> (from: Timestamp?, to: Timestamp?) {
    let (first, last) = (rows.first.map(Timestamp.init), rows.last.map(Timestamp.init))
    switch query.range {
    case .last(let seconds): return (last.map { Timestamp(seconds: $0.seconds - seconds) }, last)
    case .between(let from, let to): return (from ?? first, to ?? last)
    }
  }
}
