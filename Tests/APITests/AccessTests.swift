import AgentMetrics
import SampleStore
import Testing

@testable import API

/// Hosts, tokens and CORS.
@Suite struct AccessTests {
  private static func respond(
    _ target: String, method: String = "GET", isLocal: Bool = true, _ headers: [(name: String, value: String)] = [],
    _ change: (inout API.APISettings) -> Void = { _ in }
  ) async -> API.Response {
    var settings = API.APISettings()
    change(&settings)
    var reading = Reading()
    reading.host.hostname = "Worker-7"
    let history = History(capacity: 1, interval: 1)
    history.append(Sample(from: nil, to: reading))
    let api = API(history: history, settings: settings)
    return await api.respond(to: API.Request(method: method, target: target, headers: headers, isLocal: isLocal))
  }

  private static func text(_ response: API.Response) -> String { json(response.body) }

  // MARK: Host

  @Test(arguments: [
    "localhost", "localhost:8080", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.1:8080", "10.0.0.7:1", "[::1]",
    "[::1]:8080", "[fe80::1%25eth0]:80", "worker-7", "Worker-7:8080", "app.localhost:3000", "",
  ]) func ownHosts(host: String) async {
    #expect(await Self.respond("/health", [("Host", host)]).status == 200)
  }

  @Test(arguments: [
    "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "1.2.3", "1.2.3.4.5",
    "0x7f.0.0.1", "notlocalhost", "worker-7.evil.example", "worker-70", "a:b:c",
  ]) func strangeHosts(host: String) async {
    for method in ["GET", "OPTIONS", "POST"] {
      for target in ["/health", "/ui/", "/nowhere", "/metrics/latest"] {
        let response = await Self.respond(target, method: method, [("Host", host)])
        #expect(response.status == 403)
        #expect(
          Self.text(response)
            == #"{"error":{"code":"forbidden","message":"host \"\#(host)\" is not allowed; add it with --allowed-host"}}"#
        )
      }
    }
  }

  @Test func hostsMatterOnLoopback() async {
    #expect(await Self.respond("/health", isLocal: false, [("Host", "evil.example")]).status == 200)
    // Also with an explicit list of allowed names.
    func status(_ host: String, isLocal: Bool) async -> Int {
      await Self.respond("/health", isLocal: isLocal, [("Host", host)]) { $0.allowedHosts = ["Mon.example"] }.status
    }
    for isLocal in [true, false] {
      #expect(await status("mon.example:8080", isLocal: isLocal) == 200)
      #expect(await status("evil.example", isLocal: isLocal) == 403)
    }
    // HTTP/1.0 has no Host header.
    #expect(await Self.respond("/health").status == 200)
  }

  // MARK: Token

  private static func withToken(_ target: String, _ authorization: String?, method: String = "GET") async
    -> API.Response
  {
    await respond(target, method: method, authorization.map { [("Authorization", $0)] } ?? []) {
      $0.token = { "s3cret" }
    }
  }

  @Test func theTokenOpensEverything() async {
    for target in ["/metrics/latest", "/metrics/history", "/catalog", "/version", "/openapi.json", "/processes"] {
      for right in ["Bearer s3cret", "bearer s3cret", "Bearer  s3cret "] {
        #expect(await Self.withToken(target, right).status == 200, "\(target) \(right)")
      }
      let none = await Self.withToken(target, nil)
      #expect(none.status == 401 && none[header: "www-authenticate"] == #"Bearer realm="agent""#)
      #expect(
        Self.text(none)
          == #"{"error":{"code":"unauthorized","message":"authentication required: Authorization: Bearer TOKEN"}}"#)
      for wrong in ["Bearer s3cre", "Bearer s3cret2", "Bearer S3cret", "Bearer ", "Bearer", "Bearer s3cret s3cret"] {
        let response = await Self.withToken(target, wrong)
        #expect(response.status == 401, "\(wrong)")
        #expect(response[header: "www-authenticate"] == #"Bearer realm="agent", error="invalid_token""#)
      }
      #expect(await Self.withToken(target, "Basic czNjcmV0").status == 401)
    }
    #expect(await Self.withToken("/metrics/stream", nil).status == 401)
    #expect(await Self.withToken("/metrics/latest", nil, method: "HEAD").status == 401)
    #expect(await Self.withToken("/metrics/latest", nil, method: "POST").status == 401)
  }

  @Test func routesWithoutAToken() async {
    for target in ["/health", "/ui/", "/ui/style.css"] { #expect(await Self.withToken(target, nil).status == 200) }
    for target in ["/", "/ui"] { #expect(await Self.withToken(target, nil).status == 302) }
    #expect(await Self.withToken("/metrics/latest", nil, method: "OPTIONS").status == 204)
    // Existing and missing paths are indistinguishable.
    #expect(await Self.withToken("/nowhere", nil).status == 401)
    #expect(await Self.withToken("/nowhere", "Bearer s3cret").status == 404)
  }

  @Test func everyRouteDeclaresWhetherItIsPublic() {
    #expect(Route.all.filter(\.isPublic).map(\.path) == ["/health", "/", "/ui", "/ui/{file}"])
  }

  // MARK: Other origins

  @Test func otherOriginsCannotRead() async {
    for origin in ["https://evil.example", "null", "*"] {
      for method in ["GET", "OPTIONS"] {
        let response = await Self.respond(
          "/metrics/latest", method: method, [("Origin", origin), ("Access-Control-Request-Method", "GET")])
        #expect(!response.headers.contains { $0.name.lowercased().hasPrefix("access-control") })
        #expect(response[header: "cross-origin-resource-policy"] == "same-origin")
      }
    }
  }

  @Test func allowedOriginsCanRead() async {
    func get(_ origin: String?, method: String = "GET", _ target: String = "/metrics/latest", preflight: Bool = false)
      async -> API.Response
    {
      await Self.respond(
        target, method: method,
        (origin.map { [("Origin", $0)] } ?? []) + (preflight ? [("Access-Control-Request-Method", "GET")] : [])
      ) {
        $0.corsOrigins = ["https://a.example", "http://b.example:3000"]
        $0.token = { target == "/health" ? nil : "s3cret" }
      }
    }
    for origin in ["https://a.example", "http://b.example:3000"] {
      let response = await get(origin, "/health")
      #expect(response[header: "access-control-allow-origin"] == origin)
      #expect(response[header: "access-control-allow-credentials"] == nil)
      // Errors are readable too.
      #expect(await get(origin)[header: "access-control-allow-origin"] == origin)
      let preflight = await get(origin, method: "OPTIONS", preflight: true)
      #expect(preflight.status == 204 && preflight[header: "access-control-allow-origin"] == origin)
      #expect(preflight[header: "access-control-allow-methods"] == "GET, HEAD, OPTIONS")
      #expect(preflight[header: "access-control-allow-headers"]?.contains("Authorization") == true)
      #expect(preflight[header: "access-control-max-age"] == "600")
    }
    for origin in [
      "https://a.example.evil", "http://a.example", "https://a.example:443", "https://b.example:3000", "null", nil,
    ] {
      let response = await get(origin, "/health")
      #expect(response[header: "access-control-allow-origin"] == nil)
      #expect(response[header: "vary"] == "Origin")
    }
  }
}
