import AgentMetrics
import SampleStore
import Testing

@testable import API

/// Conditional requests.
@Suite struct ValidatorTests {
  private static func get(_ api: API, _ target: String, _ headers: [(name: String, value: String)] = []) async
    -> API.Response
  {
    await api.respond(to: API.Request(target: target, headers: headers))
  }

  private static let targets = [
    "/metrics/latest", "/metrics/at?time=9999999999", "/metrics/history", "/metrics/history?metrics=cpu.*&step=60",
    "/metrics/history?format=csv", "/catalog", "/openapi.json", "/ui/index.html",
  ]

  @Test(arguments: targets) func tagsHold(target: String) async throws {
    let history = MadeUpSample.history(samples: 5)
    let api = API(history: history)
    let first = await Self.get(api, target)
    let tag = try #require(first[header: "etag"])
    #expect(first[header: "cache-control"] == "no-cache")
    for match in [tag, tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : "W/" + tag, "\"x\" , \(tag)", "*"] {
      let again = await Self.get(api, target, [("If-None-Match", match)])
      #expect(again.status == 304 && again.body.isEmpty && again[header: "etag"] == tag, "\(match)")
      #expect(again[header: "content-length"] == nil && again[header: "content-type"] == nil)
      #expect(again[header: "cache-control"] == "no-cache" && again[header: "vary"] == "Accept-Encoding")
      #expect(again[header: "last-modified"] == first[header: "last-modified"])
    }
    for other in ["\"x\"", "", String(tag.dropLast())] {
      #expect(await Self.get(api, target, [("If-None-Match", other)]).status == 200)
    }
    history.append(MadeUpSample.sample(at: MadeUpSample.time + 10))
    let later = await Self.get(api, target, [("If-None-Match", tag)])
    #expect(later.status == (target.hasPrefix("/metrics") ? 200 : 304))
  }

  @Test func anotherQuestionHasAnotherTag() async {
    let api = API(history: MadeUpSample.history(samples: 5))
    var tags: Set<String?> = []
    for query in ["", "?seconds=20", "?seconds=40", "?step=10", "?metrics=*", "?metrics=*&stats=min"] {
      tags.insert(await Self.get(api, "/metrics/history" + query)[header: "etag"])
    }
    #expect(tags.count == 6 && !tags.contains(nil))
  }

  @Test func datesHold() async {
    let api = API(history: MadeUpSample.history(samples: 5))
    let modified = "Thu, 05 Feb 2026 06:45:00 GMT"
    #expect(await Self.get(api, "/metrics/latest")[header: "last-modified"] == modified)
    #expect(await Self.get(api, "/metrics/history")[header: "last-modified"] == modified)
    for (since, status) in [
      (modified, 304), ("Thu, 05 Feb 2026 06:45:01 GMT", 304), ("Thu, 05 Feb 2026 06:44:59 GMT", 200), ("", 200),
      ("yesterday", 200), ("Thu, 99 Feb 2026 06:45:00 GMT", 200), ("Thu, 05 Feb 2026 06:45:00 CET", 200),
    ] {
      #expect(await Self.get(api, "/metrics/latest", [("If-Modified-Since", since)]).status == status, "\(since)")
    }
    // A tag takes precedence over a date.
    let both = await Self.get(api, "/metrics/latest", [("If-Modified-Since", modified), ("If-None-Match", "\"x\"")])
    #expect(both.status == 200)
  }

  @Test func uniqueResponsesAreNotKept() async {
    let api = API(history: MadeUpSample.history(samples: 5))
    for target in ["/health", "/version", "/processes", "/nowhere", "/metrics/history?seconds=x"] {
      let response = await Self.get(api, target, [("If-None-Match", "*")])
      #expect(response[header: "cache-control"] == "no-store" && response[header: "etag"] == nil)
      #expect(response.status != 304)
    }
  }
}
