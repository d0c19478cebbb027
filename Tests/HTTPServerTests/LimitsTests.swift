import API
import AgentMetrics
import SampleStore
import NIOCore
import ServerCore
import SystemIO
import TestSupport
import Testing

@testable import HTTPServer

/// Limits on clients, over real loopback sockets.
@Suite(.timeLimit(.minutes(10))) struct LimitsTests {
  private func server(_ kind: ServerKind, connections: Int, log: LogLines = LogLines()) -> any APIServer {
    var limits = ConnectionLimits.patient
    limits.connections = connections
    return RunningServer.make(kind, log: log, limits: limits)
  }

  @Test(arguments: ServerKind.allCases) func connectionsWithoutARequestGiveWayOldestFirst(kind: ServerKind) async throws
  {
    let limited = server(kind, connections: 4)
    try await withServer(limited) { server in
      let idle = try (0..<4).map { _ in
        let connection = try server.connect()
        // Accepted connections are counted in the order in which they are answered.
        #expect(try connection.get("/health").status == 200)
        return connection
      }
      let silent = try server.connect()
      #expect(idle[0].isEnded())
      // Kept open, since it is counted below.
      let newest = try server.connect()
      #expect(try newest.get("/health").status == 200)
      #expect(idle[1].isEnded())
      #expect(try idle[3].get("/health").status == 200)
      #expect(try silent.get("/health").status == 200)
      // Optimized code closes those before that are not used below.
      withExtendedLifetime((idle, silent)) {
        #expect(limited.status.evicted == 2 && limited.status.refused == 0 && limited.status.connections == 4)
      }
      #expect(try newest.get("/health").status == 200)
    }
  }

  @Test(arguments: ServerKind.allCases) func aThousandIdleConnectionsLockNobodyOut(kind: ServerKind) async throws {
    try await withServer(server(kind, connections: 16)) { server in
      let idle = try (0..<1_000).map { _ in try server.connect() }
      for _ in 0..<20 { #expect(try server.connect().get("/health").status == 200) }
      #expect(idle[0].isEnded() && idle[900].isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func aConnectionIsRefusedWhereNoneIsIdle(kind: ServerKind) async throws {
    let log = LogLines()
    let limited = server(kind, connections: 2, log: log)
    try await withServer(limited) { server in
      let first = try server.connect()
      let second = try server.connect()
      #expect(try first.open("/metrics/stream").status == 200)
      #expect(try second.open("/metrics/stream").status == 200)
      let refused = try server.connect()
      let answer = try refused.answer()
      #expect(answer.status == 503 && answer["retry-after"] == "5" && answer["connection"] == "close")
      #expect(answer["content-type"] == "application/json; charset=utf-8")
      #expect(answer.body.hasPrefix(#"{"error":{"#))
      #expect(refused.isEnded())
      #expect(limited.status.refused == 1 && limited.status.evicted == 0 && limited.status.connections == 2)
      second.abort()
      // The server notices the end without sending.
      var status = 503
      while status == 503 { status = (try? server.connect().get("/health").status) ?? 503 }
      #expect(status == 200)
      #expect(log.all.filter { $0.hasPrefix("warning: all connections are in use") }.count == 1)
      _ = first
    }
  }

  @Test(arguments: ServerKind.allCases) func aBodyThatDoesNotEndClosesTheConnection(kind: ServerKind) async throws {
    var limits = ConnectionLimits.patient
    limits.body.time = .milliseconds(100)
    limits.sweep = .milliseconds(20)
    try await withServer(RunningServer.make(kind, limits: limits)) { server in
      let slow = try server.connect()
      slow.send("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\nabc")
      #expect(try slow.answer().status == 405)
      #expect(slow.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func aClientThatKeepsAnEndedConnectionLosesIt(kind: ServerKind) async throws {
    var limits = ConnectionLimits.patient
    limits.linger = .milliseconds(100)
    limits.sweep = .milliseconds(20)
    let limited = RunningServer.make(kind, limits: limits)
    try await withServer(limited) { server in
      let connection = try server.connect()
      connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(try connection.answer().status == 200)
      // The sending half was closed at once; the server waits for the client to close, too.
      #expect(connection.isEnded())
      #expect(eventually { limited.status.connections == 0 })
      connection.finishSending()
    }
  }

  @Test(arguments: ServerKind.allCases) func aClientThatTakesNothingGivesItsMemoryToTheNextAnswer(kind: ServerKind)
    async throws
  {
    var limits = ConnectionLimits.patient
    limits.heldBytes = 300 * 1_024
    (limits.memoryWait, limits.stalledForOthers) = (.milliseconds(100), .milliseconds(500))
    // Larger than the system's buffers.
    let api = RunningServer.api(samples: 200, mounts: 400)
    try await withServer(RunningServer.make(kind, api: api, limits: limits)) { server in
      let stuck = try server.connect(receiveBuffer: 4_096)
      stuck.send("GET /metrics/history?seconds=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
      // Its response has begun, and holds memory.
      #expect(try stuck.text(bytes: 15) == "HTTP/1.1 200 OK")
      let next = try server.connect()
      // Refused while the first is only slow.
      var answer = try next.get("/metrics/history?seconds=1000")
      while answer.status == 503 {
        #expect(answer["retry-after"] == "5")
        answer = try next.get("/metrics/history?seconds=1000")
      }
      #expect(answer.status == 200 && answer.body.hasSuffix("]}\n"))
      #expect(throws: Connection.Failure.self) { try stuck.answer() }
    }
  }

  @Test func oneClientHasHalfOfTheStreams() async throws {
    var settings = API.APISettings()
    settings.streams = 4
    let history = History(capacity: 1, interval: 1)
    let api = API(history: history, settings: settings) { ProcessSnapshot() }
    func open(_ client: String?) async -> API.Response {
      await api.respond(to: API.Request(target: "/metrics/stream", headers: [("Host", "localhost")], client: client))
    }
    var held = [await open("a"), await open("a")]
    #expect(held.map(\.status) == [200, 200])
    let refused = await open("a")
    #expect(refused.status == 503 && refused[header: "Retry-After"] == "10")
    held += [await open(nil), await open("b")]
    #expect(held.map(\.status) == [200, 200, 200, 200])
    #expect(await open(nil).status == 503)
    held.removeFirst()
    #expect(await open("a").status == 200)
  }

  @Test func anIPv6NetworkIsOneClient() throws {
    func client(_ address: String) throws -> ClientAddress {
      ClientAddress(try SocketAddress(ipAddress: address, port: 1))
    }
    #expect(try client("127.0.0.1") == .loopback && client("127.9.8.7") == .loopback && client("::1") == .loopback)
    #expect(try client("192.0.2.1") == client("192.0.2.1") && client("192.0.2.1") != client("192.0.2.2"))
    #expect(
      try client("2001:db8::1") == client("2001:db8::ffff:1") && client("2001:db8::1") != client("2001:db8:0:1::1"))
    #expect(try client("::ffff:192.0.2.1") == client("192.0.2.1") && client("::ffff:127.0.0.1") == .loopback)
    #expect(ClientAddress(nil) == .unknown)
    let names = ["10.0.0.7", "::ffff:192.0.2.255", "2001:db8:0:1::9", "127.0.0.1"].map { text in
      (try? SocketAddress(ipAddress: text, port: 1)).flatMap { ClientAddress($0).key }
    }
    #expect(names == ["10.0.0.7", "192.0.2.255", "2001:db8:0:1::/64", nil])
    #expect(ClientAddress.loopback.key == nil)
  }
}
