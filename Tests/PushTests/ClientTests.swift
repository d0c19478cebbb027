import ClientHTTP
import SystemIO
import TestSupport
import Testing

@testable import Push

@Suite struct ClientTests {
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
    "What is no URL is told",
    arguments: [
      "", "server:9090", "ftp://x", "http://", "http://:80", "http://a:0", "http://a:70000", "http://a:b", "http://a b",
      "http://user:word@host/", "http://[::1", "http://[::1]x", "http://h/\r\nX: y", "http://ä",
    ])
  func notURLs(_ text: String) {
    #expect(throws: PushURL.Mistake.self) { try PushURL(text) }
  }

  @Test("Credentials come from their file, each time anew")
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
    for (plain, coded) in vectors { #expect(PushCredentials.base64(Array(plain.utf8)) == coded) }
  }

  @Test("Header fields that the operator may set")
  func headers() {
    #expect(PushTarget.Header("X-Scope-OrgID: a b ")?.value == "a b")
    for text in ["X", ": x", "X Y: z", "Host: x", "content-length: 3", "X: a\r\nY: b", "Ä: x"] {
      #expect(PushTarget.Header(text) == nil, "\(text)")
    }
  }

  private func verdict(
    _ status: Int, _ text: String = "", _ headers: [String: String] = [:], needsReceipt: Bool = false
  ) -> Verdict {
    Verdict(HTTPAnswer(status: status, headers: headers, text: text), needsReceipt: needsReceipt, now: 784_111_777)
  }

  @Test("What an answer means")
  func verdicts() {
    #expect(verdict(204) == .accepted(values: nil))
    #expect(
      verdict(204, "", ["x-prometheus-remote-write-samples-written": "7"], needsReceipt: true) == .accepted(values: 7))
    #expect(verdict(200, needsReceipt: true) == .unsupported("HTTP 200"))
    #expect(verdict(415, needsReceipt: true) == .unsupported("HTTP 415"))
    #expect(verdict(415) == .rejected("HTTP 415", .rejected, values: nil))
    #expect(verdict(500, "a\n  b") == .later("HTTP 500: a b", seconds: nil))
    #expect(verdict(503, "", ["retry-after": "12"]) == .later("HTTP 503", seconds: 12))
    #expect(
      verdict(429, "", ["retry-after": "Sun, 06 Nov 1994 08:49:47 GMT"]) == .later("HTTP 429", seconds: 10))
    #expect(verdict(429, "", ["retry-after": "soon"]) == .later("HTTP 429", seconds: nil))
    #expect(verdict(401) == .refused("HTTP 401"))
    #expect(verdict(307) == .refused("HTTP 307"))
    #expect(verdict(413) == .tooLarge("HTTP 413"))
    #expect(verdict(400, "out of bounds") == .rejected("HTTP 400: out of bounds", .tooOld, values: nil))
    #expect(verdict(400, "out of order sample") == .rejected("HTTP 400: out of order sample", .outOfOrder, values: nil))
    #expect(verdict(404) == .rejected("HTTP 404", .rejected, values: nil))
    #expect(verdict(500, "\u{1B}[2J").line == "HTTP 500")
  }
}

extension Verdict {
  fileprivate var line: String? {
    switch self {
    case .accepted: nil
    case .unsupported(let line), .refused(let line), .tooLarge(let line): line
    case .later(let line, _): line
    case .rejected(let line, _, _): line
    }
  }
}
