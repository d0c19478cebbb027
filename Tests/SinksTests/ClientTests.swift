import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import ClientHTTP
@testable import ClientNIO
@testable import Outbox
@testable import Sinks

@Suite struct ClientTests {
  @Test func connectionsHaveABudgetAndStreamsLeaveAShareOfIt() {
    let budget = ConnectionBudget(16)
    do {
      let streams = (0..<14).compactMap { _ in budget.take(for: .stream) }
      // Optimized code releases values after their last use.
      withExtendedLifetime(streams) {
        #expect(streams.count == 14 && budget.take(for: .stream) == nil)
        let requests = (0..<3).compactMap { _ in budget.take(for: .request) }
        #expect(requests.count == 2)
      }
    }
    #expect(budget.take(for: .stream) != nil)
    #expect(ConnectionBudget(1).take(for: .stream) != nil)
  }

  @Test("URLs: scheme, host, port and path; Prometheus' receiver where there is no path")
  func urls() throws {
    let plain = try PushURL("http://server:9090")
    #expect(
      (plain.server.isSecure, plain.server.host, plain.server.port, plain.target) == (
        false, "server", 9_090, "/api/v1/write"
      ))
    #expect(plain.authority == "server:9090")
    let secure = try PushURL("HTTPS://[2001:db8::1]/insert/0/prometheus?key=secret#x")
    #expect((secure.server.isSecure, secure.server.host, secure.server.port) == (true, "2001:db8::1", 443))
    #expect(secure.target == "/insert/0/prometheus?key=secret")
    #expect(secure.authority == "[2001:db8::1]")
    #expect(secure.description == "https://[2001:db8::1]/insert/0/prometheus")
    #expect(try PushURL("http://h?x=1").target == "/?x=1")
    #expect(try PushURL("http://h/", defaultPath: "/v1/metrics").target == "/v1/metrics")
  }

  @Test(
    "Malformed URLs are reported",
    arguments: [
      "", "server:9090", "ftp://x", "http://", "http://:80", "http://a:0", "http://a:70000", "http://a:b", "http://a b",
      "http://user:word@host/", "http://[::1", "http://[::1]x", "http://h/\r\nX: y", "http://ä",
    ])
  func notURLs(_ text: String) {
    #expect(throws: PushURL.PushURLError.self) { try PushURL(text) }
  }

  @Test("Credentials are read from their file for each request")
  func credentials() throws {
    let folder = try TemporaryFolder()
    try folder.write("secret", "  open sesame \nmore\n")
    #expect(
      try PushCredentials.basic(username: "ali", passwordFile: folder.file("secret")).header()
        == "Basic YWxpOm9wZW4gc2VzYW1l")
    let bearer = PushCredentials.bearer(tokenFile: folder.file("secret"))
    #expect(try bearer.header() == "Bearer open sesame")
    try folder.write("secret", "new")
    #expect(try bearer.header() == "Bearer new")
    try folder.write("secret", "\n")
    #expect(throws: SystemError.self) { try bearer.header() }
    try folder.write("secret", "a\u{1}b")
    #expect(throws: SystemError.self) { try bearer.header() }
    #expect(throws: SystemError.self) { try PushCredentials.bearer(tokenFile: folder.file("none")).header() }
  }

  @Test("RFC 4648's vectors")
  func base64() {
    let vectors = [
      "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=", "foobar": "Zm9vYmFy",
    ]
    for (plain, coded) in vectors { #expect(Base64.encoded(Array(plain.utf8)) == coded) }
  }

  @Test("A receiver that does not answer is named as such, and gets the request once", .timeLimit(.minutes(5)))
  func hanging() async throws {
    let receiver = try await FakeReceiver { $0.number == 0 ? .answer(200) : .hang }
    var target = PostTarget(try PushURL("http://127.0.0.1:\(receiver.port)"))
    target.limits.time = 1
    let poster = NIOPoster(target, onDisconnect: {})
    defer { poster.close() }
    // Of a kept connection, too, which a receiver may close while it is idle.
    #expect(try await poster.post([], fields: []).status == 200)
    for count in [2, 3] {
      let failure = await #expect(throws: ClientFailure.self) { try await poster.post([], fields: []) }
      #expect(failure?.description == "no answer in 1 s" && receiver.requests.count == count)
    }
  }

  @Test("Header fields that the operator may set")
  func headers() {
    #expect(PushTarget.Header("X-Scope-OrgID: a b ")?.value == "a b")
    for text in ["X", ": x", "X Y: z", "Host: x", "content-length: 3", "X: a\r\nY: b", "Ä: x"] {
      #expect(PushTarget.Header(text) == nil, "\(text)")
    }
  }

  private func disposition(
    _ status: Int, _ text: String = "", _ headers: [String: String] = [:], to wire: any WireFormat = RemoteWrite()
  ) -> ResponseDisposition {
    wire.disposition(of: HTTPAnswer(status: status, headers: headers, body: Array(text.utf8)))
  }

  @Test("Dispositions of responses")
  func dispositions() {
    let written = "x-prometheus-remote-write-samples-written"
    let version2 = RemoteWrite(upgradeRetry: 1)
    for status in [200, 202, 204] { #expect(disposition(status) == .accepted(values: nil)) }
    #expect(disposition(204, "", [written: "7"], to: version2) == .accepted(values: 7))
    #expect(disposition(204, "", [written: "0"], to: version2) == .unsupported("HTTP 204"))
    #expect(disposition(200, to: version2) == .unsupported("HTTP 200"))
    #expect(disposition(415, to: version2) == .unsupported("HTTP 415"))
    #expect(
      disposition(415) == .held("HTTP 415 (the receiver does not take remote-write 1.0)", seconds: nil))
    #expect(disposition(500, "a\n  b") == .later("HTTP 500: a b", seconds: nil))
    #expect(disposition(503, "", ["retry-after": "12"]) == .later("HTTP 503", seconds: 12))
    let date = "Sun, 06 Nov 1994 08:49:47 GMT"
    #expect(
      ResponseDisposition(
        HTTPAnswer(status: 429, headers: ["retry-after": date], body: []), format: "otlp", now: 784_111_777)
        == .later("HTTP 429", seconds: 10))
    #expect(disposition(429, "", ["retry-after": "soon"]) == .later("HTTP 429", seconds: nil))
    #expect(disposition(401) == .held("HTTP 401 (check the credentials)", seconds: nil))
    #expect(
      disposition(404, "no page", ["retry-after": "9"])
        == .held("HTTP 404: no page (check the URL of --push)", seconds: 9))
    #expect(
      disposition(307, "", ["location": "https://other/x?token=secret"])
        == .held("HTTP 307 (redirects are not followed; it points to https://other/x)", seconds: nil))
    #expect(disposition(413) == .tooLarge("HTTP 413"))
    #expect(disposition(400, "out of bounds") == .rejected("HTTP 400: out of bounds", .tooOld, values: nil))
    #expect(
      disposition(409, "out of order sample", [written: "2"], to: version2)
        == .rejected("HTTP 409: out of order sample", .outOfOrder, values: 2))
    #expect(disposition(500, "\u{1B}[2J") == .later("HTTP 500", seconds: nil))
  }

  @Test("Only 400, 409, 413 and 422 can drop samples; every other code that is no success holds them")
  func everyStatus() {
    let wires: [any WireFormat] = [RemoteWrite(), RemoteWrite(upgradeRetry: 1), OTLP()]
    for status in 100...599 {
      for wire in wires {
        let disposition = disposition(status, to: wire)
        let isVersion2 = wire.name == "remote-write 2.0"
        let isRight =
          switch disposition {
          case .accepted: (200..<300).contains(status) && !isVersion2
          case .partlyAccepted: false
          // A receiver that may not know the version gets the samples in the older one.
          case .unsupported: ((200..<300).contains(status) || [400, 409, 415, 422].contains(status)) && isVersion2
          case .later: status >= 500 || [408, 425, 429].contains(status)
          case .held: !(200..<300).contains(status) && status != 413
          case .tooLarge: status == 413
          case .rejected: [400, 409, 422].contains(status) && !isVersion2
          }
        #expect(isRight, "\(status) to \(wire.name): \(disposition)")
      }
    }
  }

  @Test("OTLP's partial success, as protobuf and as JSON; garbage is ignored")
  func partialSuccess() {
    let partial: [UInt8] = [0x0A, 0x07, 0x08, 0x03, 0x12, 0x03] + "odd".utf8
    func answer(_ body: [UInt8], _ type: String) -> ResponseDisposition {
      OTLP().disposition(of: HTTPAnswer(status: 200, headers: ["content-type": type], body: body))
    }
    let expected = ResponseDisposition.partlyAccepted("HTTP 200: 3 values rejected: odd", rejected: 3)
    #expect(answer(partial, "application/x-protobuf") == expected)
    let json = #"{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"odd"}}"#
    #expect(answer(Array(json.utf8), "application/json") == expected)
    for body in [[], [0x0A, 0x00], [0xFF], [0x0A, 0xFF, 0xFF], [0x0A, 0x02, 0x08]] as [[UInt8]] {
      #expect(answer(body, "application/x-protobuf") == .accepted(values: nil))
      #expect(answer(body, "application/json") == .accepted(values: nil))
    }
    for count in partial.indices {
      _ = answer(Array(partial.prefix(count)), "application/x-protobuf")
    }
  }
}
