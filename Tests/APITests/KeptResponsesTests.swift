import AgentMetrics
import SampleStore
import Testing

@testable import API

/// Repeated requests get the same response until there is a newer sample.
@Suite struct KeptResponsesTests {
  private static func get(_ api: API, _ headers: [(name: String, value: String)] = [], method: String = "GET") async
    -> API.Response
  {
    await api.respond(to: API.Request(method: method, target: "/metrics/latest", headers: headers))
  }

  @Test func itIsKeptWhileItIsTheNewest() async throws {
    let history = MadeUpSample.history(samples: 2)
    let api = API(history: history)
    let plain = await Self.get(api)
    let identity = try #require(plain.identity)
    #expect(await Self.get(api).identity === identity)
    #expect(await Self.get(api, [("Accept-Encoding", "identity")]).identity === identity)
    let packed = await Self.get(api, [("Accept-Encoding", "gzip")])
    #expect(packed.identity != nil && packed.identity !== identity)
    #expect(await Self.get(api, [("Accept-Encoding", "gzip")]).identity === packed.identity)
    #expect(GzipTests.unpacked(packed.body) == plain.body)
    history.append(MadeUpSample.sample(at: MadeUpSample.time + 10))
    let newer = await Self.get(api)
    #expect(newer.identity != nil && newer.identity !== identity && newer.body != plain.body)
    #expect(await Self.get(api, [("Accept-Encoding", "gzip")]).identity !== packed.identity)
  }

  @Test func aKeptOneHasAllThatOthersHave() async {
    let api = API(history: MadeUpSample.history(samples: 1))
    for _ in 0..<2 {
      let response = await Self.get(api)
      #expect(response.headers.map(\.name).sorted() == Set(response.headers.map(\.name)).sorted())
      for name in ["ETag", "Last-Modified", "Vary", "X-Content-Type-Options", "Cross-Origin-Resource-Policy"] {
        #expect(response[header: name] != nil, "\(name)")
      }
      #expect(response[header: "Content-Length"] == String(response.body.count))
    }
  }

  @Test func aClientsOwnResponseIsNotKept() async throws {
    var settings = API.APISettings()
    settings.corsOrigins = ["https://a.example"]
    let api = API(history: MadeUpSample.history(samples: 1), settings: settings)
    let own = await Self.get(api, [("Origin", "https://a.example")])
    #expect(own.identity == nil && own[header: "Access-Control-Allow-Origin"] == "https://a.example")
    let other = await Self.get(api, [("Origin", "https://b.example")])
    #expect(other.identity == nil && other[header: "Access-Control-Allow-Origin"] == nil)
    let tag = try #require(own[header: "ETag"])
    #expect(await Self.get(api, [("If-None-Match", tag)]).status == 304)
    let head = await Self.get(api, method: "HEAD")
    #expect(head.identity == nil && head.body.isEmpty && head[header: "Content-Length"] == String(own.body.count))
  }
}
