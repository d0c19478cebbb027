import AgentMetrics
import SampleStore
import SystemIO
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
      $0.tokens = { [AccessToken("s3cret"), AccessToken("scraper", role: .metrics)] }
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
      // user:s3cret, :s3cret, user:wrong.
      for right in ["Basic dXNlcjpzM2NyZXQ=", "basic OnMzY3JldA"] {
        #expect(await Self.withToken(target, right).status == 200, "\(target) \(right)")
      }
      #expect(await Self.withToken(target, "Basic dXNlcjp3cm9uZw==").status == 401)
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

  @Test("A token for metrics opens the scrape alone")
  func roles() async {
    #expect(await Self.withToken("/metrics", "Bearer scraper").status == 200)
    #expect(await Self.withToken("/metrics", "Bearer s3cret").status == 200)
    for target in ["/metrics/latest", "/metrics/stream", "/processes", "/nowhere", "/version"] {
      let response = await Self.withToken(target, "Bearer scraper")
      #expect(response.status == 403 && Self.text(response).contains("this token opens /metrics only"), "\(target)")
    }
    #expect(await Self.withToken("/ui/", "Bearer scraper").status == 200)
  }

  @Test("/health shows only its status without a token")
  func health() async {
    let alone = #"{"status":"ok"}"#
    for header in [nil, "Bearer scraper"] { #expect(Self.text(await Self.withToken("/health", header)) == alone) }
    #expect(Self.text(await Self.withToken("/health", "Bearer s3cret")).contains("interval_sec"))
    #expect(await Self.withToken("/health", "Bearer wrong").status == 401)
    #expect(Self.text(await Self.respond("/health")).contains("interval_sec"))
  }

  @Test("Wrong tokens are limited per address; others and loopback stay open")
  func failureLimit() async {
    var settings = API.APISettings()
    settings.tokens = { [AccessToken("s3cret")] }
    let api = API(history: History(capacity: 1, interval: 1), settings: settings)
    func status(_ token: String, client: String?) async -> Int {
      let request = API.Request(target: "/version", headers: [("Authorization", "Bearer " + token)], client: client)
      return await api.respond(to: request).status
    }
    #expect(await status("wrong", client: "4:1") == 401)
    // In the future, so that a slow machine forgives none.
    for _ in 0..<20 { api.failedLogins.add("4:1", at: 1e12) }
    let limited = await api.respond(
      to: API.Request(target: "/version", headers: [("Authorization", "Bearer s3cret")], client: "4:1"))
    #expect(limited.status == 429 && limited[header: "retry-after"] == "1")
    #expect(await status("s3cret", client: "4:2") == 200)
    for _ in 0..<20 { api.failedLogins.add(nil, at: 1e12) }
    #expect(await status("wrong", client: nil) == 401)
    #expect(await status("s3cret", client: nil) == 200)
    // A request without credentials is no attempt.
    for _ in 0..<30 {
      #expect(await api.respond(to: API.Request(target: "/version", client: "4:3")).status == 401)
    }
    #expect(await status("s3cret", client: "4:3") == 200)
  }

  @Test("The limit of wrong tokens forgives one per second, and remembers a bounded number of addresses")
  func failureTable() {
    let limit = FailureLimit()
    for _ in 0..<20 { limit.add("a", at: 100) }
    #expect(limit.isReached(by: "a", at: 100) && !limit.isReached(by: "b", at: 100))
    #expect(!limit.isReached(by: "a", at: 101.5))
    limit.add("a", at: 101.5)
    #expect(limit.isReached(by: "a", at: 101.5))
    #expect(!limit.isReached(by: "a", at: 200))
    for index in 0..<5_000 { limit.add("c\(index)", at: 300) }
    // One line a minute, whoever it is.
    let counts = [400.0, 459, 460].map { time in (0..<200).count { limit.add("d\($0 % 2)", at: time) } }
    #expect(counts == [1, 0, 1])
    #expect(limit.count == FailureLimit.maxClients)
  }

  @Test func base64() {
    func decoded(_ text: String) -> String? {
      API.base64Decoded(Array(text.utf8)[...]).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(decoded("") == "" && decoded("Zg==") == "f" && decoded("Zm8=") == "fo" && decoded("Zm9v") == "foo")
    #expect(decoded("Zm9vYmFy") == "foobar" && decoded("Z g") == nil && decoded("Z\u{E9}") == nil)
  }

  @Test func everyRouteDeclaresWhetherItIsPublic() {
    #expect(Route.all.filter(\.isPublic).map(\.path) == ["/health", "/", "/ui", "/ui/{file}"])
  }

  @Test("Command lines are for clients with the token or on this machine")
  func commandLines() async {
    func commands(
      client: String?, _ headers: [(name: String, value: String)] = [], token: String? = nil
    ) async -> Bool {
      var settings = API.APISettings()
      settings.tokens = { token.map { [AccessToken($0)] } ?? [] }
      var process = Process()
      process.command = "worker --queue a"
      let table = ProcessSnapshot(timestamp: Timestamp(seconds: 0), processes: [process])
      let api = API(history: History(capacity: 1, interval: 1), settings: settings, processes: { table })
      let request = API.Request(target: "/processes", headers: headers, client: client)
      let response = await api.respond(to: request)
      #expect(response.status == 200)
      return Self.text(response).contains("worker --queue a")
    }
    #expect(await commands(client: nil))
    #expect(await !commands(client: "4:1"))
    #expect(await commands(client: "4:1", [("Authorization", "Bearer s3cret")], token: "s3cret"))
    // A reverse proxy on this machine.
    #expect(await !commands(client: nil, [("X-Forwarded-For", "10.0.0.7")]))
    for name in [
      "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Proto", "x-forwarded-host", "CF-Connecting-IP",
      "X-Original-Forwarded-For",
      "X-Envoy-External-Address", "X-Azure-ClientIP", "X-Amzn-Trace-Id",
    ] {
      #expect(await !commands(client: nil, [(name, "for=10.0.0.7")]), "\(name)")
    }
    // A site in a browser on this machine, by DNS rebinding.
    #expect(await !commands(client: nil, [("Host", "evil.example:8080")]))
    for host in ["127.0.0.1:8080", "localhost", "[::1]:8080"] {
      #expect(await commands(client: nil, [("Host", host)]), "\(host)")
    }
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
        $0.tokens = { target == "/health" ? [] : [AccessToken("s3cret")] }
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
