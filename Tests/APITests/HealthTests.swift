import AgentMetrics
import Query
import Collect
import SampleStore
import Testing

@testable import API

/// /health: the newest sample's age, the archive and the receivers; 503 for strict probes.
@Suite struct HealthTests {
  private struct Archive: SampleArchive {
    let failure: String?
    var status: ArchiveStatus {
      var status = ArchiveStatus()
      status.failure = failure
      return status
    }
    var oldest: Double? { nil }
    func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] { [] }
    func sample(at time: Double) async throws -> Sample? { nil }
    func columns(
      _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
    ) async throws -> Columns { Columns(timestamps: [], series: []) }
  }

  private func api(age: Double?, push: [PushStatus.TargetState] = []) -> API {
    let history = MadeUpSample.history(samples: 3)
    let demand = SamplingDemand(history)
    if let age { demand.setWake({}, now: { MadeUpSample.time + age }) }
    var settings = API.APISettings()
    settings.pushStatus = {
      push.map { state in
        var status = PushStatus(url: "http://receiver", format: "otlp")
        status.state = state
        return status
      }
    }
    return API(history: history, demand: demand, settings: settings)
  }

  private func get(_ target: String, _ api: API) async -> (status: Int, text: String) {
    let response = await api.respond(to: API.Request(target: target))
    return (response.status, json(response.body))
  }

  @Test func theNewestSamplesAge() async {
    #expect(
      await get("/health", api(age: 7.25)) == (200, #"{"status":"ok","sample_age_sec":7.25,"interval_sec":10}"#))
    // The agent responds whatever the state of its sampler.
    #expect(
      await get("/health", api(age: 3_600)) == (200, #"{"status":"ok","sample_age_sec":3600,"interval_sec":10}"#))
  }

  @Test(arguments: ["/health?strict", "/health?strict=", "/health?strict=1", "/health?strict=true"])
  func aLateSamplerFailsAStrictProbe(target: String) async {
    #expect(await get(target, api(age: 30)).status == 200)
    #expect(
      await get(target, api(age: 31.5)) == (
        503,
        #"{"error":{"code":"service_unavailable","message":"the newest sample is 31 s old; the interval is 10 s"}}"#
      ))
  }

  @Test(arguments: ["/health?strict=0", "/health?strict=false"]) func strictMayBeOff(target: String) async {
    #expect(await get(target, api(age: 3_600)).status == 200)
  }

  @Test func otherValuesAreRefused() async {
    for target in ["/health?strict=yes", "/health?strict=2", "/health?strict&strict"] {
      #expect(await get(target, api(age: 1)).status == 400)
    }
  }

  @Test("A probe that restarts the agent fails for late samples, but not for a full disk")
  func samplesAlone() async {
    let target = "/health?strict=samples"
    let fine = api(age: 1)
    fine.history.archive = Archive(failure: "disk full")
    #expect(await get(target, fine).status == 200)
    #expect(await get("/health?strict", fine).status == 503)
    #expect(await get(target, api(age: 31.5)).status == 503)
  }

  @Test func anArchiveThatFailsFailsAStrictProbe() async {
    for failure in [nil, "disk full"] {
      let api = api(age: 1)
      api.history.archive = Archive(failure: failure)
      let plain = await get("/health", api)
      #expect(
        plain.status == 200 && plain.text.contains(#""archive":{"status":"\#(failure == nil ? "ok" : "failing")""#))
      let strict = await get("/health?strict", api)
      #expect(strict.status == (failure == nil ? 200 : 503))
      if failure != nil { #expect(strict.text.contains("the archive fails: disk full")) }
    }
  }

  @Test func receivers() async {
    let text = await get("/health", api(age: 1, push: [.live, .failing, .refused, .catchingUp])).text
    #expect(text.hasSuffix(#","push":{"status":"failing","targets":4,"failing":2}}"#))
    #expect(await get("/health?strict", api(age: 1, push: [.failing])).status == 200)
  }
}
