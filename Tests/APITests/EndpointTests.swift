import AgentMetrics
import SampleStore
import Testing

@testable import API

/// Every endpoint, every error, no socket.
@Suite struct EndpointTests {
  struct Unreadable: Error, CustomStringConvertible { let description = "open /proc: No such file or directory" }

  static func api(samples: Int = 5) -> API {
    API(history: MadeUpSample.history(samples: samples)) {
      ProcessSnapshot(
        timestamp: Timestamp(seconds: MadeUpSample.time),
        processes: [
          process(1, cpu: 0.5, resident: 10, read: 1), process(2, resident: 30, read: 5, write: 5),
          process(3, cpu: 2, resident: 30), process(4, cpu: 0.5, resident: 20, write: 100),
        ])
    }
  }

  static func text(_ response: API.Response) -> String { json(response.body) }

  static func get(_ target: String, method: String = "GET", ifNoneMatch: String? = nil) async -> API.Response {
    await api().respond(
      to: API.Request(method: method, target: target, headers: ifNoneMatch.map { [("If-None-Match", $0)] } ?? []))
  }

  @Test func health() async {
    let response = await Self.get("/health")
    #expect(response.status == 200)
    // Without a sampler samples have no age.
    #expect(Self.text(response) == #"{"status":"ok","interval_sec":10}"#)
    #expect(response[header: "content-type"] == "application/json; charset=utf-8")
    #expect(response[header: "cache-control"] == "no-store")
    #expect(response[header: "x-content-type-options"] == "nosniff")
    #expect(response[header: "content-length"] == String(response.body.count))
    #expect(response[header: "access-control-allow-origin"] == nil)
  }

  @Test func latestIsTheNewestSample() async {
    let response = await Self.get("/metrics/latest")
    #expect(response.status == 200)
    #expect(response.body == Array(API.latestBody(of: MadeUpSample.sample()).utf8))
  }

  @Test func latestWaitsForTheFirstSample() async {
    let history = History(capacity: 5, interval: 10)
    let api = API(history: history)
    async let response = api.respond(to: API.Request(target: "/metrics/latest"))
    history.append(MadeUpSample.sample())
    #expect(await response.body == Array(API.latestBody(of: MadeUpSample.sample()).utf8))
  }

  @Test(arguments: [
    ("", 5), ("?", 5), ("?seconds=10", 1), ("?seconds=1", 1), ("?seconds=30", 3), ("?seconds=0030", 3),
    ("?seconds=%33%30", 3), ("?seconds=99999999999999999999999", 5), ("?&seconds=20&", 2),
  ]) func history(query: String, count: Int) async {
    let response = await Self.get("/metrics/history" + query)
    #expect(response.status == 200)
    let samples = (0..<count).map { index in
      json(
        Array(API.latestBody(of: MadeUpSample.sample(at: MadeUpSample.time - Double((count - 1 - index) * 10))).utf8))
    }
    #expect(Self.text(response) == #"{"interval_sec":10,"samples":["# + samples.joined(separator: ",") + "]}")
    #expect(response[header: "content-length"] == String(response.body.count))
  }

  @Test func historyDefaultsToFiveMinutes() async {
    let api = API(history: MadeUpSample.history(samples: 50))
    let text = Self.text(await api.respond(to: API.Request(target: "/metrics/history")))
    #expect(text.split(separator: #""timestamp""#).count == 30 + 1)
  }

  @Test func samplesAreEncodedOnce() async throws {
    let history = MadeUpSample.history(samples: 1)
    let api = API(history: history)
    let entry = try #require(history.latest)
    #expect(entry.withText { $0.plain } == nil)
    let body = await api.respond(to: API.Request(target: "/metrics/latest")).body
    #expect(entry.withText { $0.plain } == body.dropLast())
    entry.withText { $0.plain = [1] }
    #expect(await api.respond(to: API.Request(target: "/metrics/latest")).body == [1, 10])
  }

  @Test(arguments: [
    ("", [3, 4, 1, 2]), ("?sort=cpu", [3, 4, 1, 2]), ("?sort=memory", [2, 3, 4, 1]), ("?sort=io", [4, 2, 1, 3]),
    ("?sort=pid", [1, 2, 3, 4]), ("?limit=2", [3, 4]), ("?sort=pid&limit=1", [1]), ("?limit=1000", [3, 4, 1, 2]),
  ]) func processes(query: String, order: [Int]) async {
    let response = await Self.get("/processes" + query)
    #expect(response.status == 200)
    let text = Self.text(response)
    #expect(text.hasPrefix(#"{"timestamp":"2026-02-05T06:45:00Z","processes":[{"pid":"#))
    let pids = text.split(separator: #"{"pid":"#).dropFirst().compactMap { Int($0.prefix(while: \.isNumber)) }
    #expect(pids == order)
  }

  /// Values are read of the named processes only, and only those asked for.
  @Test func memoryOfProcesses() async {
    var settings = API.APISettings()
    settings.processMemory = { pids, parts in
      var memory = ProcessMemory()
      if parts.contains(.shared) { memory.shared = 4_096 }
      if parts.contains(.proportional) { memory.proportional = 1_024 }
      return [Int32: ProcessMemory](pids.filter { $0 < 3 }.map { ($0, memory) }) { first, _ in first }
    }
    let api = API(history: MadeUpSample.history(samples: 1), settings: settings)
    func get(_ query: String) async -> API.Response {
      await api.respond(to: API.Request(target: "/processes/memory" + query))
    }
    #expect(
      Self.text(await get("?pids=2,1,7&parts=shared,pss"))
        == #"{"processes":[{"pid":1,"shared_bytes":4096,"pss_bytes":1024},{"pid":2,"shared_bytes":4096,"pss_bytes":1024}]}"#
    )
    #expect(Self.text(await get("?pids=1&parts=swapped")) == #"{"processes":[{"pid":1}]}"#)
    let many = Array(repeating: "1", count: Route.maxMemoryProcesses + 1).joined(separator: ",")
    for query in [
      "", "?pids=", "?pids=x", "?pids=1,,2", "?pids=-1", "?pids=1234567890", "?pids=1&parts=", "?pids=1&parts=rss",
      "?pids=1&parts=pss,pss,pss,pss", "?pids=" + many,
    ] {
      #expect(await get(query).status == 400, "\(query)")
    }
  }

  @Test func processesThatCannotBeRead() async {
    let api = API(history: MadeUpSample.history(samples: 1)) { throw Unreadable() }
    let response = await api.respond(to: API.Request(target: "/processes"))
    #expect(response.status == 503)
    #expect(
      Self.text(response)
        == #"{"error":{"code":"service_unavailable","message":"cannot read the processes: open /proc: No such file or directory"}}"#
    )
  }

  @Test func valuesOfAProcess() async {
    let text = Self.text(await Self.get("/processes?limit=1"))
    for member in [#""pid":3"#, #""name":"p3""#, #""user":"root""#, #""state":"S""#, #""cpu":2"#, #""rss_bytes":30"#] {
      #expect(text.contains(member), "\(member)")
    }
    #expect(!text.contains("read_bytes_per_sec") && text.hasSuffix("}]}"))
  }

  @Test(arguments: [
    ("/metrics/history?seconds=0", "seconds", #"seconds: must be an integer ≥ 1, not \"0\""#),
    ("/metrics/history?seconds=-1", "seconds", #"must be"#),
    ("/metrics/history?seconds=+5", "seconds", #"must be"#),
    ("/metrics/history?seconds=1.5", "seconds", #"must be"#),
    ("/metrics/history?seconds=1e3", "seconds", #"must be"#),
    ("/metrics/history?seconds=", "seconds", #"must be"#),
    ("/metrics/history?seconds", "seconds", #"must be"#),
    ("/metrics/history?seconds=%D9%A5", "seconds", #"must be"#),
    ("/metrics/history?seconds=5&seconds=6", "seconds", "seconds: given more than once"),
    (
      "/metrics/history?second=5", "second",
      #"unknown parameter \"second\"; allowed: seconds, from, to, step, metrics, stats, format"#
    ),
    ("/metrics/history?Seconds=5", "Seconds", "unknown"),
    ("/metrics/latest?x=1", "x", #"unknown parameter \"x\"; allowed: none"#),
    ("/health?x", "x", "unknown"), ("/catalog?id=cpu", "id", "unknown"),
    ("/processes?sort=name", "sort", #"sort: must be one of cpu, memory, io, gpu, pid, not \"name\""#),
    ("/processes?sort=", "sort", #"must be"#),
    ("/processes?limit=0", "limit", #"limit: must be an integer ≥ 1, not \"0\""#),
    ("/processes?limit=ten", "limit", #"must be"#),
    ("/processes?sort=cpu&sort=cpu", "sort", "given more than once"),
    ("/processes?%22=1", #"\""#, "unknown"),
  ]) func wrongParameters(target: String, parameter: String, message: String) async {
    let response = await Self.get(target)
    #expect(response.status == 400)
    #expect(response[header: "content-type"] == "application/json; charset=utf-8")
    let text = Self.text(response)
    #expect(text.hasPrefix(#"{"error":{"code":"bad_request","message":""#), "\(text)")
    #expect(text.hasSuffix(#"","parameter":"\#(parameter)"}}"#), "\(text)")
    #expect(text.contains(message), "\(text)")
  }

  @Test func aLongValueIsCutInItsEcho() async {
    let text = Self.text(await Self.get("/metrics/history?seconds=" + String(repeating: "x", count: 5_000)))
    #expect(text.utf8.count < 300 && text.contains("xxx…"))
  }

  @Test(arguments: [
    "", "x", "http://host/health", "*", "/health%", "/health%2", "/health%zz", "/%FF", "/%C3", "/health?%zz=1",
    "/health?a=%F", "/he alth", "/health\r\nX: y", "/health#top", "/\u{0}",
  ]) func malformedTargets(target: String) async {
    let response = await Self.get(target)
    #expect(response.status == 400)
    #expect(Self.text(response).hasPrefix(#"{"error":{"code":"bad_request","message":""#))
    #expect(!Self.text(response).contains("parameter"))
  }

  @Test(arguments: [
    "/nowhere", "//", "//health", "/health//", "/./health", "/ui/../health", "/ui/%2e%2e/health", "/metric",
    "/metrics//",
    "/metrics%2Flatest", "/metrics/latest/x", "/HEALTH", "/ui//", "/ui/nothing.js", "/ui/index.html/",
    "/ui/%2Findex.html",
    "/ui/style.css%00", "/favicon.ico", "/%3Cscript%3E", "/.%2e/etc/passwd", "/ui/..%5C..%5Cetc",
  ]) func unknownPaths(target: String) async {
    let response = await Self.get(target)
    #expect(response.status == 404)
    #expect(Self.text(response) == #"{"error":{"code":"not_found","message":"no such endpoint: \#(target)"}}"#)
  }

  @Test(arguments: ["/health/", "/%68ealth", "/metrics/latest/", "/metrics/history/?seconds=10", "/catalog/"])
  func theSameResource(target: String) async {
    #expect(await Self.get(target).status == 200)
  }

  static let resources = [
    "/health", "/metrics/latest", "/metrics/history", "/catalog", "/processes", "/", "/ui", "/ui/", "/ui/style.css",
  ]

  @Test(arguments: resources) func otherMethods(target: String) async {
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"] {
      let response = await Self.get(target, method: method)
      #expect(response.status == 405)
      #expect(response[header: "allow"] == "GET, HEAD, OPTIONS")
      #expect(
        Self.text(response)
          == #"{"error":{"code":"method_not_allowed","message":"method \#(method) is not allowed; allowed: GET, HEAD, OPTIONS"}}"#
      )
    }
    let options = await Self.get(target, method: "OPTIONS")
    #expect(options.status == 204 && options[header: "allow"] == "GET, HEAD, OPTIONS" && options.body.isEmpty)
    #expect(await Self.get("/nowhere", method: "OPTIONS").status == 404)
    #expect(await Self.get("/nowhere", method: "POST").status == 404)
  }

  /// A shell shows its prompt on a line of its own.
  @Test(arguments: [
    "/health", "/version", "/catalog", "/openapi.json", "/push/status", "/processes", "/metrics/latest",
    "/metrics/at?time=9999999999", "/metrics/history", "/metrics/history?step=20", "/metrics/history?metrics=*",
    "/nowhere",
    "/health?x", "/metrics",
  ]) func everyTextEndsWithALineFeed(target: String) async {
    let body = await Self.get(target).body
    #expect(body.last == UInt8(ascii: "\n") && body.dropLast().last != UInt8(ascii: "\n"))
  }

  @Test func optionsOfTheWholeServer() async {
    let response = await Self.get("*", method: "OPTIONS")
    #expect(response.status == 204 && response[header: "allow"] == "GET, HEAD, OPTIONS")
  }

  @Test(arguments: resources + ["/nowhere", "/health?x=1"]) func headIsGetWithoutBody(target: String) async {
    let (get, head) = (await Self.get(target), await Self.get(target, method: "HEAD"))
    #expect(head.status == get.status)
    #expect(head.headers.map { "\($0.name): \($0.value)" } == get.headers.map { "\($0.name): \($0.value)" })
    #expect(head.body.isEmpty)
    #expect(head[header: "content-length"] == String(get.body.count))
  }

  @Test(arguments: ["/", "/ui"]) func redirects(target: String) async {
    let response = await Self.get(target)
    #expect(response.status == 302 && response[header: "location"] == "/ui/" && response.body.isEmpty)
    #expect(await Self.get(target + "?from=bookmark").status == 302)
  }

  /// Every member required by the specification, with a value of its type.
  @Test func theSpecsMembers() async {
    let text = Self.text(await Self.get("/metrics/latest"))
    let members: [(String, [String])] = [
      ("cpu", ["model\":\"", "cores\":8", "threads\":1", "usage\":0.45", "frequency_mhz\":3600"]),
      ("ram", ["total_mb\":16384", "used_mb\":8192", "free_mb\":8192", "usage\":0.5"]),
      (
        "gpu",
        [
          "vendor\":\"nvidia\"", "model\":\"NVIDIA GeForce RTX 3080\"", "util\":0.75", "temperature_c\":65",
          "vram_total_mb\":10240", "vram_used_mb\":7680",
        ]
      ),
    ]
    for (name, wanted) in members {
      let object = text.split(separator: "\"\(name)\":{").dropFirst().first?.prefix { $0 != "}" } ?? ""
      for member in wanted { #expect(object.contains("\"" + member), "\(name).\(member)") }
    }
    #expect(text.hasPrefix(#"{"timestamp":"2026-02-05T06:45:00Z","#))
  }
}
