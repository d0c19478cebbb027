import API
import AgentMetrics
import SampleStore
import Logging
import NIOCore
import ServerCore
import SystemIO
import Testing

/// The server over real sockets of the loopback.
@Suite(.timeLimit(.minutes(10))) struct HTTPServerTests {
  @Test(arguments: ServerKind.allCases) func answersAndKeepsTheConnection(kind: ServerKind) async throws {
    try await withServer(kind) { server in
      #expect(server.url == "http://127.0.0.1:\(server.port)" && server.port > 0)
      let connection = try server.connect()
      for _ in 0..<3 {
        let answer = try connection.get("/health")
        #expect(answer.status == 200 && answer.body.hasPrefix(#"{"status":"ok","#))
        #expect(answer["content-type"] == "application/json; charset=utf-8")
        #expect(answer["date"]?.hasSuffix(" GMT") == true && answer["connection"] == nil)
      }
      #expect(try connection.get("/nowhere").status == 404)
      #expect(try connection.get("/metrics/history?seconds=x").status == 400)
      #expect(try connection.get("/").headers.contains { $0 == ("location", "/ui/") || $0 == ("Location", "/ui/") })
      let page = try connection.get("/ui/")
      #expect(page.status == 200 && page.body.hasPrefix("<!doctype html>"))
      #expect(page["content-length"] == String(page.body.utf8.count))
      connection.send("GET /ui/ HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \(page["etag"] ?? "")\r\n\r\n")
      #expect(try connection.answer().status == 304)
      connection.send("HEAD /ui/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let head = try connection.answer(isHead: true)
      #expect(head.status == 200 && head["content-length"] == page["content-length"])
      connection.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try connection.answer().status == 204)
      connection.send("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
      #expect(try connection.answer().status == 405)
      #expect(try connection.get("/health").status == 200)
    }
  }

  @Test(arguments: ServerKind.allCases) func pipelinedRequestsAreAnsweredInOrder(kind: ServerKind) async throws {
    try await withServer(kind) { server in
      let connection = try server.connect()
      let targets = ["/health", "/nowhere", "/metrics/latest", "/catalog", "/ui/app.js", "/health"]
      connection.send(targets.map { "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
      let answers = try targets.map { _ in try connection.answer() }
      #expect(answers.map(\.status) == [200, 404, 200, 200, 200, 200])
      #expect(answers[3].body.hasPrefix(#"{"metrics":["#) && answers[5].body.hasPrefix(#"{"status":"ok","#))
    }
  }

  @Test(arguments: ServerKind.allCases) func aLongHistoryComesWhole(kind: ServerKind) async throws {
    try await withServer(RunningServer.make(kind, api: RunningServer.api(samples: 300, mounts: 100))) { server in
      let connection = try server.connect()
      let answer = try connection.get("/metrics/history?seconds=1000")
      #expect(answer.body.utf8.count > 2_000_000)
      #expect(answer.body.split(separator: #""timestamp""#).count == 301 && answer.body.hasSuffix("]}\n"))
      #expect(try connection.get("/health").status == 200)
    }
  }

  @Test(
    arguments: ServerKind.allCases,
    [
      "GET /health HTTP/1.0\r\n\r\n", "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n",
      // Bodies that the server does not read to their end.
      "GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\nabc",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
      "GET /health HTTP/1.0\r\n\r\nGET /nowhere HTTP/1.0\r\n\r\n",
    ]) func theConnectionEndsAfterTheAnswer(kind: ServerKind, request: String) async throws
  {
    try await withServer(kind) { server in
      let connection = try server.connect()
      connection.send(request)
      let answer = try connection.answer()
      #expect(answer.status == 200 && answer["connection"] == "close")
      #expect(connection.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func keepAliveOfHTTP10(kind: ServerKind) async throws {
    try await withServer(kind) { server in
      let connection = try server.connect()
      for _ in 0..<2 {
        connection.send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try connection.answer().status == 200)
      }
    }
  }

  @Test(
    arguments: ServerKind.allCases,
    [
      "garbage\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\r\n\r\n", "GET\r\n\r\n", "GET /health\r\n\r\n",
      "GET /health HTTP/9.9\r\n\r\n",
      "GET /health HTTP/1.1\r\n\r\n", "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 40_000) + "\r\n\r\n",
      "GET /" + String(repeating: "x", count: 400_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "X: y\r\n", count: 500) + "\r\n",
    ]) func malformedRequestsAre400(kind: ServerKind, request: String) async throws
  {
    try await withServer(kind) { server in
      let connection = try server.connect()
      connection.send(request)
      let answer = try connection.answer()
      #expect(answer.status == 400 && answer["connection"] == "close")
      #expect(answer.body.hasPrefix(#"{"error":{"code":"bad_request","message":""#))
      #expect(answer["content-type"] == "application/json; charset=utf-8")
      #expect(connection.isEnded())
      #expect(try server.connect().get("/health").status == 200)
    }
  }

  @Test(arguments: ServerKind.allCases) func whatCameBeforeTheGarbageIsAnswered(kind: ServerKind) async throws {
    try await withServer(kind) { server in
      let connection = try server.connect()
      connection.send(
        "GET /catalog HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
      )
      #expect(try connection.answer().status == 200)
      #expect(try connection.answer().status == 400)
      #expect(connection.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func clientsThatGoAwayHurtNobody(kind: ServerKind) async throws {
    try await withServer(RunningServer.make(kind, api: RunningServer.api(samples: 300, mounts: 100))) { server in
      for request in ["", "GET /hea", "GET /metrics/history?seconds=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        for _ in 0..<5 {
          let connection = try server.connect()
          connection.send(request)
          connection.abort()
        }
      }
      #expect(try server.connect().get("/health").status == 200)
    }
  }

  @Test(arguments: ServerKind.allCases) func aClientThatOnlyFinishesSendingGetsItsAnswer(kind: ServerKind) async throws
  {
    try await withServer(kind) { server in
      let connection = try server.connect()
      connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
      connection.finishSending()
      #expect(try connection.answer().status == 200)
      #expect(connection.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func slowClientsBlockNobody(kind: ServerKind) async throws {
    try await withServer(kind) { server in
      let slow = try (0..<20).map { _ in try server.connect() }
      for connection in slow { connection.send("GET /health HTTP/1.1\r\nHos") }
      #expect(try server.connect().get("/health").status == 200)
      for connection in slow { connection.send("t: localhost\r\n\r\n") }
      for connection in slow { #expect(try connection.answer().status == 200) }
    }
  }

  @Test(arguments: ServerKind.allCases) func connectionsThatSayNothingAreClosed(kind: ServerKind) async throws {
    var limits = ConnectionLimits.patient
    limits.sweep = .milliseconds(20)
    limits.header.time = .milliseconds(100)
    try await withServer(RunningServer.make(kind, limits: limits)) { server in
      let (idle, slow) = (try server.connect(), try server.connect())
      slow.send("GET /health HTTP/1.1\r\nHos")
      #expect(idle.isEnded() && slow.isEnded())
    }
    // The first request may take its time here.
    (limits.header.time, limits.idle) = (ConnectionLimits.patient.header.time, .milliseconds(100))
    try await withServer(RunningServer.make(kind, limits: limits)) { server in
      let used = try server.connect()
      #expect(try used.get("/health").status == 200)
      #expect(used.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func aClientThatTakesNothingIsClosed(kind: ServerKind) async throws {
    var limits = ConnectionLimits.patient
    limits.stalled = .milliseconds(100)
    limits.sweep = .milliseconds(20)
    let log = LogLines(level: .debug)
    // Larger than the system's buffers.
    let api = RunningServer.api(samples: 200, mounts: 400)
    try await withServer(RunningServer.make(kind, api: api, log: log, limits: limits)) { server in
      let stuck = try server.connect(receiveBuffer: 4_096)
      stuck.send("GET /metrics/history?seconds=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
      await log.wait(for: "debug: closing a connection whose client does not read")
      #expect(throws: Connection.Failure.self) { try stuck.answer() }
    }
  }

  @Test(arguments: ServerKind.allCases) func aPortInUseIsReportedInOneLine(kind: ServerKind) async throws {
    try await withServer(kind) { server in
      let second = RunningServer.make(kind, port: Int(server.port))
      let error = await #expect(throws: ListenError.self) { try await second.run { _ in } }
      #expect(error?.description == "127.0.0.1:\(server.port): the port is in use")
    }
  }

  @Test(
    arguments: ServerKind.allCases,
    [
      ("192.0.2.1", "192.0.2.1:0: not an address of this machine"),
      ("999.1.1.1.1", "999.1.1.1.1:0: the host is not found"),
      ("no.such.invalid", "no.such.invalid:0: the host is not found"),
    ]) func wrongHosts(kind: ServerKind, wrong: (host: String, message: String)) async throws
  {
    let server = RunningServer.make(kind, host: wrong.host)
    let error = await #expect(throws: ListenError.self) { try await server.run { _ in } }
    #expect(error?.description == wrong.message)
  }

  @Test(arguments: ServerKind.allCases) func aNameIsResolved(kind: ServerKind) async throws {
    try await withServer(RunningServer.make(kind, host: "localhost")) { server in
      #expect(server.url.hasPrefix("http://127.0.0.1:") || server.url.hasPrefix("http://[::1]:"))
    }
  }

  @Test(.enabled(if: hasIPv6Loopback), arguments: ServerKind.allCases) func anIPv6AddressStandsInBrackets(
    kind: ServerKind
  ) async throws {
    try await withServer(RunningServer.make(kind, host: "::1")) { server in
      #expect(server.url == "http://[::1]:\(server.port)")
      let second = RunningServer.make(kind, host: "::1", port: Int(server.port))
      let error = await #expect(throws: ListenError.self) { try await second.run { _ in } }
      #expect(error?.description == "[::1]:\(server.port): the port is in use")
    }
  }

  @Test(arguments: ServerKind.allCases) func cancellationEndsItWhateverClientsDo(kind: ServerKind) async throws {
    try await blocking {
      let log = LogLines()
      let api = RunningServer.api(samples: 200, mounts: 400)
      let server = try await RunningServer.start(RunningServer.make(kind, api: api, log: log))
      let (idle, used, begun) = (try server.connect(), try server.connect(), try server.connect())
      #expect(try used.get("/health").status == 200)
      begun.send("GET /hea")
      let stuck = try server.connect(receiveBuffer: 4_096)
      stuck.send("GET /metrics/history?seconds=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
      await server.stop()
      #expect(idle.isEnded() && used.isEnded() && begun.isEnded())
      #expect(log.all == [])
      // The port is free again.
      let next = try await RunningServer.start(RunningServer.make(kind, port: Int(server.port)))
      await next.stop()
    }
  }

  @Test(arguments: ServerKind.allCases) func cancellationWhileARequestWaitsForTheFirstSample(kind: ServerKind)
    async throws
  {
    try await blocking {
      let api = API(history: History(capacity: 1, interval: 1))
      let server = try await RunningServer.start(RunningServer.make(kind, api: api))
      let waiting = try server.connect()
      waiting.send("GET /metrics/latest HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try server.connect().get("/health").status == 200)
      await server.stop()
      #expect(waiting.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func cancellationBeforeItListens(kind: ServerKind) async throws {
    let server = RunningServer.make(kind)
    let task = Task { try await server.run { _ in } }
    task.cancel()
    // It returns, with any result.
    _ = await task.result
  }
}

/// Whether ::1 can be bound; some containers have no IPv6.
private let hasIPv6Loopback: Bool = {
  let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var address = sockaddr_in6()
  address.sin6_family = sa_family_t(AF_INET6)
  address.sin6_addr = in6addr_loopback
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
    }
  }
}()
