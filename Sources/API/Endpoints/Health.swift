internal import AgentMetrics
internal import Collect
internal import Query
internal import SampleStore

extension Route {
  static let health = Route(
    path: "/health", summary: "Health of the agent, its sampler, archive and push targets",
    parameters: [strict.definition], contents: [.json(JSONSchema(AgentHealth.table))],
    errors: [.unauthorized, .tooManyRequests, .serviceUnavailable], isPublic: true
  ) { (api, context) async throws(APIError) in
    let age = api.demand.sampleAge
    var health = AgentHealth()
    health.archive = api.history.archive?.status
    health.interval = Double(api.history.interval)
    // Milliseconds: more digits would be noise of the clock.
    if let age { health.sampleAge = (age * 1_000).rounded() / 1_000 }
    health.push = AgentHealth.Push(api.settings.pushStatus())
    // Without its token a client gets the status alone.
    let isDetailed = try await api.mayReadDetails(context.request)
    func unhealthy(_ reason: String) -> APIError {
      APIError(.serviceUnavailable, isDetailed ? reason : "the newest sample is too old, or the archive fails")
    }
    let body = JSONWriter.bytes(isDetailed ? health : AgentHealth(), AgentHealth.table)
    let strictness = try context.query.value(strict) ?? .off
    if strictness == .off { return .json(body) }
    // A sampler that is busy once is late by less than two intervals.
    if let age, age > 3 * health.interval {
      throw unhealthy("the newest sample is \(Int(age)) s old; the interval is \(api.history.interval) s")
    }
    if api.history.latest == nil { throw unhealthy("no sample yet") }
    if strictness == .all, let failure = health.archive?.failure { throw unhealthy("the archive fails: \(failure)") }
    return .json(body)
  }

  private enum Strictness: Sendable {
    case off, all
    /// For probes that restart the agent, which no archive needs.
    case samples
  }

  private static let strict = {
    let values: [String: Strictness] = [
      "": .all, "true": .all, "1": .all, "samples": .samples, "false": .off, "0": .off,
    ]
    return Parameter<Strictness>(
      "strict",
      "Answers 503 if the newest sample is older than three intervals or, but for samples, the archive fails",
      allowed: "true, false or samples", .words(["", "true", "1", "samples", "false", "0"])
    ) { values[$0] }
  }()
}

/// The body of `/health`.
private struct AgentHealth: MetricGroup {
  /// The agent answers, or there is no answer.
  enum Liveness: String, Sendable, CaseIterable { case ok }

  struct Push: MetricGroup {
    var targets = 0
    var failing = 0
    var state: HealthState { failing == 0 ? .ok : .failing }

    init() {}

    /// nil where no receiver is configured.
    init?(_ status: [PushStatus]) {
      guard !status.isEmpty else { return nil }
      targets = status.count
      failing = status.count { $0.state == .failing || $0.state == .refused }
    }

    static let table = Table<Push>([
      .word("status", "", \.state),
      .gauge("targets", .count, "Receivers", \.targets),
      .gauge("failing", .count, "Receivers that currently fail", \.failing),
    ])
  }

  var state = Liveness.ok
  var archive: ArchiveStatus?
  var sampleAge = Double.nan
  var interval = Double.nan
  var push: Push?

  static let table = Table<AgentHealth>([
    .word("status", "The agent answers", \.state),
    .part("archive", ArchiveStatus.health, \.archive),
    .gauge("sample_age_sec", .seconds, "Age of the newest sample; absent before the first one", \.sampleAge),
    .gauge("interval_sec", .seconds, "Seconds between two samples", \.interval).whole,
    .part("push", Push.table, \.push),
  ])
}
