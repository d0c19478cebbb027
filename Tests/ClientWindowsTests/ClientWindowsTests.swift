import CWindowsDouble
import ClientHTTP
import SystemIO
import TestSupport
import Testing

@testable import ClientWindows

/// The client over a scripted WinHTTP, which all tests share.
@Suite(.serialized) struct ClientWindowsTests {
  private let server = ServerAddress(isSecure: true, host: "agent.example", port: 8443)

  private func script(_ change: (inout ScriptedHTTP) -> Void = { _ in }) {
    // An exchange of the last test may be closed late.
    #expect(allAreClosed())
    ScriptedHTTP.current.update {
      $0 = ScriptedHTTP()
      change(&$0)
    }
  }

  /// The thread of an exchange closes it after its last use.
  private func allAreClosed() -> Bool {
    ScriptedHTTP.current.wait(atMost: 60) { $0.open == 0 ? true : nil } ?? false
  }

  private func get(_ change: (inout GetRequest) -> Void = { _ in }) async throws -> (ResponseHead?, [[UInt8]]) {
    var request = GetRequest(
      server: server, target: "/metrics/latest?a=b",
      fields: [("Host", "agent.example:8443"), ("X-One", "1\r\nX-Two: 2")])
    // A busy machine may rest the thread of an exchange.
    request.limits.window = 300
    change(&request)
    var (start, pieces): (ResponseHead?, [[UInt8]]) = (nil, [])
    try await WindowsTransport().get(request) {
      start = $0
    } body: {
      pieces.append($0)
    }
    return (start, pieces)
  }

  @Test func getPassesHeadAndPieces() async throws {
    script {
      $0.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nContent-Encoding: br\r\n\r\n"
      $0.status = 404
      $0.pieces = [[1, 2], [3, 4, 5]]
    }
    let (head, pieces) = try await get()
    #expect(head?.status == 404 && head?.reason == "Not Found" && head?.coding == "br")
    #expect(pieces == [[1, 2], [3, 4, 5]])
    let request = try #require(ScriptedHTTP.current.withState { $0.requests.last })
    #expect(request.method == "GET" && request.host == "agent.example" && request.port == 8_443 && request.isSecure)
    #expect(request.target == "/metrics/latest?a=b")
    // Host is WinHTTP's, and a value cannot add a field.
    #expect(request.fields == "X-One: 1X-Two: 2\r\n")
    #expect(request.timeouts == [5_000, 10_000, 300_000])
    #expect(allAreClosed())
  }

  @Test func failuresAreOneLine() async throws {
    for (open, end, line) in [
      (12_007, 0, "the name agent.example is not known"), (12_002, 0, "no answer in 10 s"),
      (12_029, 0, "no connection"),
      (12_175, 0, "the certificate is not accepted, or TLS failed (WinHTTP error 12175)"),
      (0, 12_002, "no data for too long"),
      (0, 12_030, "the connection was cut"), (0, 7, "WinHTTP error 7"),
    ] as [(UInt32, UInt32, String)] {
      script { ($0.openError, $0.endError, $0.pieces) = (open, end, [[1]]) }
      let failure = await #expect(throws: ClientFailure.self) { _ = try await get() }
      #expect(failure?.description == line)
      #expect(allAreClosed())
    }
  }

  @Test func aBodyShorterThanItsLengthIsCut() async throws {
    script {
      $0.head = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n"
      $0.pieces = [[1, 2]]
    }
    let failure = await #expect(throws: ClientFailure.self) { _ = try await get() }
    #expect(failure?.description == "the connection was cut")
  }

  @Test func tooFewBytesInAWindowAreTooSlow() async throws {
    script { $0.pieces = [[UInt8]](repeating: [1], count: 1_000) }
    let failure = await #expect(throws: ClientFailure.self) { _ = try await get { $0.limits.window = 0 } }
    #expect(failure?.description == "data comes too slowly")
  }

  @Test func aThrowingClosureEndsTheRequest() async throws {
    struct Stop: Error {}
    script { $0.pieces = [[1], [2]] }
    let request = GetRequest(server: server, target: "/", fields: [])
    await #expect(throws: Stop.self) {
      try await WindowsTransport().get(request) { _ in
        throw Stop()
      } body: { _ in
      }
    }
    await #expect(throws: Stop.self) {
      try await WindowsTransport().get(request) { _ in
      } body: { _ in
        throw Stop()
      }
    }
    #expect(allAreClosed())
  }

  @Test func cancellingEndsAWaitingRead() async throws {
    script { ($0.hangs, $0.pieces) = (true, [[1]]) }
    let task = Task { try await get() }
    let _: Bool? = await withCheckedContinuation { continuation in
      Thread.start("wait") {
        continuation.resume(returning: ScriptedHTTP.current.wait(atMost: 60) { $0.reads > 1 ? true : nil })
      }
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(allAreClosed())
  }

  @Test func postReturnsStatusFieldsAndTheBeginningOfTheBody() async throws {
    script {
      $0.head = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nRETRY-AFTER: 8\r\n"
      $0.status = 503
      $0.pieces = [[UInt8](repeating: 0x61, count: 3_000), [0x62]]
    }
    var target = PostTarget(server: server, authority: "agent.example:8443", target: "/write")
    target.limits.text = 10
    let poster = WindowsTransport().poster(to: target) {}
    let answer = try await poster.post([1, 2, 3], fields: [("X-Test", "one")])
    #expect(answer.status == 503 && answer.headers["retry-after"] == "7" && answer.text == "aaaaaaaaaa")
    let request = try #require(ScriptedHTTP.current.withState { $0.requests.last })
    #expect(request.method == "POST" && request.body == [1, 2, 3] && request.fields == "X-Test: one\r\n")
    #expect(request.timeouts == [10_000, 30_000, 30_000])
    #expect(allAreClosed())
  }

  @Test func anEndlessAnswerToAPostEnds() async throws {
    script { $0.pieces = [[UInt8]](repeating: [UInt8](repeating: 0, count: 65_536), count: 1_000) }
    let target = PostTarget(server: server, authority: "", target: "/")
    let answer = try await WindowsTransport().poster(to: target) {}.post([], fields: [])
    #expect(answer.body.count == 2_048 && ScriptedHTTP.current.withState { $0.reads } < 5)
  }

  @Test func authoritiesOfAFileVerifyTheServer() async throws {
    script()
    let folder = try TemporaryFolder()
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    let (good, empty) = (folder.file("ca.pem"), folder.file("empty.pem"))
    try folder.write("ca.pem", pem)
    try folder.write("empty.pem", "no certificate")
    let transport = WindowsTransport()
    #expect(transport.hasAuthorities(good) && !transport.hasAuthorities(empty))
    #expect(!transport.hasAuthorities(folder.file("missing.pem")))

    _ = try await get { $0.authorities = good }
    #expect(ScriptedHTTP.current.withState { $0.requests.last?.authorities } == pem)
    let failure = await #expect(throws: ClientFailure.self) { _ = try await get { $0.authorities = empty } }
    #expect(failure?.description == "\(empty) has no CA certificates")
    // Without TLS no file is read.
    _ = try await get { ($0.authorities, $0.server.isSecure) = (empty, false) }

    var target = PostTarget(server: server, authority: "", target: "/")
    target.authorities = good
    _ = try await transport.poster(to: target) {}.post([], fields: [])
    #expect(ScriptedHTTP.current.withState { $0.requests.last?.authorities } == pem)
    #expect(allAreClosed())
  }

  @Test func unixSocketsAreRefused() async throws {
    script()
    var local = server
    local.socket = "/run/agent.sock"
    let failure = await #expect(throws: ClientFailure.self) { _ = try await get { $0.server = local } }
    #expect(failure?.description == "Unix sockets are not supported on this system")
  }
}
