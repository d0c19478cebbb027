import AgentMetrics
import Events
import Query
import SampleStore
import SystemIO
import Testing

@testable import API

/// An archive of events alone.
private struct EventArchive: SampleArchive {
  var found: EventHistory?

  var status: ArchiveStatus { ArchiveStatus() }
  var oldest: Double? { nil }
  func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] { [] }
  func sample(at time: Double) async throws -> Sample? { nil }
  func columns(
    _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
  ) async throws -> Columns { Columns(timestamps: [], series: []) }
  func events(_ query: EventQuery) async throws -> EventHistory? {
    guard var found else { throw APIError(.badRequest, "unreadable") }
    found.events = found.events.filter { query.matches($0) }
    return found
  }
}

@Suite struct EventEndpointTests {
  private static let time = MadeUpSample.time

  /// A machine with two OOM kills and an alert, by a board as the sampler has it.
  private func api(archive: EventArchive? = nil) -> API {
    let history = History(capacity: 20, interval: 10)
    let board = EventBoard(interval: 10)
    for index in 0..<10 {
      var sample = MadeUpSample.sample(at: Self.time + Double(index) * 10)
      sample.boottime = 1_000 + Double(index) * 10
      sample.elapsed = 10
      sample.ram.oomKills = index < 1 ? 0 : index < 8 ? 1 : 2
      if index > 4 {
        var alert = Alert()
        (alert.name, alert.phase, alert.summary) = ("cpu", .firing, "CPU usage 99%")
        sample.alerts = [alert]
      }
      board.update(&sample, nil)
      history.append(sample)
    }
    history.archive = archive
    var settings = API.APISettings()
    settings.events = board
    return API(history: history, settings: settings)
  }

  private func get(_ target: String, of api: API) async -> (status: Int, text: String) {
    let response = await api.respond(to: API.Request(target: target))
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  private func kinds(_ text: String) -> [String] {
    text.components(between: #""kind":""#, and: "\"")
  }

  @Test func newestFirstByTimeKindAndNumber() async {
    let api = api()
    let all = await get("/events", of: api)
    #expect(all.status == 200 && kinds(all.text) == ["oom_kill", "alert_firing", "oom_kill"])
    #expect(all.text.hasPrefix(#"{"since":"\#(Timestamp(seconds: Self.time).rfc3339)","events":[{"time":"#))
    #expect(all.text.contains(#""text":"alert cpu: CPU usage 99%","count":1}"#))
    #expect(!all.text.contains("truncated"))
    #expect(kinds(await get("/events?kind=alert_firing,reboot", of: api).text) == ["alert_firing"])
    let one = await get("/events?limit=1", of: api)
    #expect(kinds(one.text) == ["oom_kill"] && one.text.hasSuffix("],\"truncated\":true}\n"))
    let window = await get("/events?from=\(Int(Self.time) + 20)&to=\(Int(Self.time) + 60)", of: api)
    #expect(kinds(window.text) == ["alert_firing"])
    #expect(kinds(await get("/events?from=1&to=2", of: api).text) == [])
  }

  @Test func errorsNameTheParameter() async {
    let api = api()
    let kind = await get("/events?kind=flood", of: api)
    #expect(kind.status == 400 && kind.text.contains("one or more of reboot, agent_restart, gap, clock_step, oom_kill"))
    #expect(await get("/events?kind=", of: api).status == 400)
    #expect(await get("/events?limit=10001", of: api).text.contains("must be an integer from 1 to 10000"))
    let order = await get("/events?from=2&to=1", of: api)
    #expect(order.status == 404 && order.text.contains("from is later than to"))
  }

  @Test func theArchivesEventsAreMergedOnce() async {
    let known = MachineEvent(.outOfMemory, at: Self.time + 10, "stored")
    let old = MachineEvent(.reboot, at: Self.time - 5_000, "rebooted")
    let api = api(archive: EventArchive(found: EventHistory(since: Self.time - 9_000, events: [known, old])))
    let all = await get("/events", of: api)
    #expect(kinds(all.text) == ["oom_kill", "alert_firing", "oom_kill", "reboot"])
    #expect(all.text.hasPrefix(#"{"since":"\#(Timestamp(seconds: Self.time - 9_000).rfc3339)""#))
    // Where it is unreadable, memory answers alone.
    #expect(kinds(await get("/events", of: self.api(archive: EventArchive())).text).count == 3)
    // Without any detection.
    let none = await get("/events", of: API(history: MadeUpSample.history(samples: 1)))
    #expect(none.status == 200 && none.text == "{\"events\":[]}\n")
  }

  @Test func samplesHaveTheirEventsAndTheCounters() async {
    let api = api()
    let latest = await get("/metrics/at?time=\(Int(Self.time) + 80)", of: api)
    #expect(latest.text.contains(#""events":{"counts":[{"kind":"reboot","events_total":0},"#))
    #expect(latest.text.contains(#"{"kind":"oom_kill","events_total":2}"#))
    #expect(latest.text.contains(#""new":[{"time":""#))
    let scrape = await get("/metrics", of: api)
    #expect(scrape.text.contains("\nagent_events_total{kind=\"oom_kill\"} 2\n"))
    #expect(scrape.text.contains("\nagent_events_total{kind=\"gpu_xid\"} 0\n"))
  }
}

extension String {
  /// The texts between two markers.
  fileprivate func components(between first: String, and last: Character) -> [String] {
    var rest = self[...]
    var found: [String] = []
    while let range = rest.firstRange(of: first) {
      rest = rest[range.upperBound...]
      found.append(String(rest.prefix { $0 != last }))
    }
    return found
  }
}
