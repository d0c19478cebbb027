internal import AgentMetrics
internal import SampleStore
internal import Why

extension Route {
  static let why = Route(
    path: "/why",
    summary:
      "Why the machine is slow at a time, or was between two, at most three reasons with their values; none when nothing is wrong",
    parameters: [time.definition, Parameters.from.definition, Parameters.to.definition],
    contents: [.json(JSONSchema(WhyAnswer.table))], errors: [.notFound]
  ) { (api, context) async throws(APIError) in
    let (from, to) = (try context.query.value(Parameters.from), try context.query.value(Parameters.to))
    let past = try context.query.value(time)
    if from != nil || to != nil {
      if past != nil {
        // Not 400: each value is valid by the schema.
        throw APIError(.notFound, "time: cannot be combined with from and to", parameter: "time")
      }
      return .json(JSONWriter.bytes(try await window(api, from: from, to: to), WhyAnswer.table))
    }
    let entry: History.Entry
    if let past {
      entry = try await api.entry(at: past)
    } else {
      let newest = await api.history.first()
      entry = api.history.newestOfMainTrack ?? newest
    }
    let before = Timestamp(seconds: entry.sample.timestamp.seconds - 0.5)
    let previous = await api.history.archivedEntry(at: before)?.sample
    return .json(JSONWriter.bytes(WhyAnswer(Situation(entry.sample, after: previous)), WhyAnswer.table))
  }

  private static func window(_ api: API, from: Timestamp?, to: Timestamp?) async throws(APIError) -> WhyAnswer {
    let newest = await api.history.first().sample.timestamp
    let to = to ?? newest
    let from = from ?? Timestamp(seconds: to.seconds - 3_600)
    guard from <= to else { throw APIError(from, isLaterThan: to) }
    let window = SampleWindow(from: from.seconds, to: to.seconds)
    var reasons = WindowReasons(in: window)
    try await api.visitSamples(in: window) { reasons.add($0) }
    guard let last = reasons.last else {
      throw APIError(.notFound, "no samples from \(from.rfc3339) to \(to.rfc3339)", parameter: "from")
    }
    return WhyAnswer(reasons, at: Timestamp(seconds: last))
  }

  private static let time = Parameter<Timestamp>.time(
    "time", "The time, without from and to; by default the newest sample's")
}

/// The body of `/why`.
private struct WhyAnswer: MetricGroup {
  struct Value: MetricGroup {
    var metric = ""
    var value = Double.nan

    static let table = Table<Value>([
      .text("metric", "Id in /catalog, with labels where there are several series", \.metric),
      .gauge("value", .count, "In the unit of that metric", \.value).fractional.required,
    ])
  }

  struct Reason: MetricGroup {
    var rule = ""
    var text = ""
    var evidence: [Value] = []
    /// In a window: seconds for which it held, and POSIX time at which it was worst.
    var seconds = Double.nan
    var worstTime = Double.nan

    init() {}

    init(_ finding: Finding) {
      (rule, text) = (finding.rule, finding.text)
      evidence = finding.evidence.map { one in
        var value = Value()
        // Noise of a division is not part of the evidence.
        (value.metric, value.value) = (one.metric, (one.value * 10_000).rounded() / 10_000)
        return value
      }
    }

    static let table = Table<Reason>([
      .text("rule", "Name of the rule", \.rule),
      .text("text", "One sentence", \.text),
      .list("evidence", keys: [], Value.table, \.evidence),
      .gauge("seconds", .seconds, "In a window: seconds for which the reason held", \.seconds),
      .gauge("worst_time_seconds", .seconds, "In a window: time of the sample with these values", \.worstTime),
    ])
  }

  var time = Double.nan
  var covered = Double.nan
  var reasons: [Reason] = []

  init() {}

  init(_ situation: Situation) {
    time = situation.sample.timestamp.seconds
    reasons = situation.findings.map { Reason($0) }
  }

  /// The answer for a window; `time` is its last sample's.
  init(_ window: WindowReasons, at time: Timestamp) {
    self.time = time.seconds
    covered = window.covered
    reasons = window.reasons.map { one in
      var reason = Reason(one.worst)
      (reason.seconds, reason.worstTime) = (one.seconds, one.time)
      return reason
    }
  }

  static let table = Table<WhyAnswer>([
    .timestamp("timestamp", "Time of the sample, of a window's last one", \.time),
    .gauge("covered_seconds", .seconds, "In a window: seconds that its samples cover", \.covered),
    .list("reasons", keys: [], Reason.table, \.reasons),
  ])
}
