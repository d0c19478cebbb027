internal import AgentMetrics
internal import SampleStore
internal import Why

extension Route {
  static let why = Route(
    path: "/why",
    summary: "Why the machine is slow at a time, at most three reasons with their values; none when nothing is wrong",
    parameters: [time.definition], contents: [.json(JSONSchema(WhyAnswer.table))], errors: [.notFound]
  ) { (api, context) async throws(APIError) in
    let entry: History.Entry
    if let time = try context.query.value(time) {
      entry = try await api.entry(at: time)
    } else {
      let newest = await api.history.first()
      entry = api.history.newestOfMainTrack ?? newest
    }
    let before = Timestamp(seconds: entry.sample.timestamp.seconds - 0.5)
    let previous = await api.history.archivedEntry(at: before)?.sample
    return .json(JSONWriter.bytes(WhyAnswer(Situation(entry.sample, after: previous)), WhyAnswer.table))
  }

  private static let time = Parameter<Timestamp>.time("time", "The time; by default the newest sample's")
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

    static let table = Table<Reason>([
      .text("rule", "Name of the rule", \.rule),
      .text("text", "One sentence", \.text),
      .list("evidence", keys: [], Value.table, \.evidence),
    ])
  }

  var time = Double.nan
  var reasons: [Reason] = []

  init() {}

  init(_ situation: Situation) {
    time = situation.sample.timestamp.seconds
    reasons = situation.findings.map { finding in
      var reason = Reason()
      (reason.rule, reason.text) = (finding.rule, finding.text)
      reason.evidence = finding.evidence.map { one in
        var value = Value()
        // Noise of a division is not part of the evidence.
        (value.metric, value.value) = (one.metric, (one.value * 10_000).rounded() / 10_000)
        return value
      }
      return reason
    }
  }

  static let table = Table<WhyAnswer>([
    .timestamp("timestamp", "Time of the sample", \.time),
    .list("reasons", keys: [], Reason.table, \.reasons),
  ])
}
