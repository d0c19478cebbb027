import API
import AgentMetrics
import Collect
import SampleStore
import ServerCore
import Testing

/// Server-sent events over real sockets.
@Suite(.timeLimit(.minutes(10))) struct StreamTests {
  private let demand = SamplingDemand(History(capacity: 10, interval: 3_600))
  private var history: History { demand.history }

  private func server(_ kind: ServerKind, streams: Int = 224) -> any APIServer {
    var settings = API.APISettings()
    settings.streams = streams
    return RunningServer.make(kind, api: API(history: history, demand: demand, settings: settings))
  }

  /// A sample of the live track.
  private func append(_ second: Int, mounts: Int = 0) {
    history.append([(1, RunningServer.sample(second, mounts: mounts))])
  }

  /// The second that an event's id names.
  private static func second(_ event: String?) -> Int? {
    let line = event?.split(separator: "\n").first { $0 != "retry: 1000" } ?? ""
    return line.hasPrefix("id: ") ? Timestamp(rfc3339: line.dropFirst(4)).map { Int($0.seconds) } : nil
  }

  /// Opens a stream and reads its immediate output.
  private func open(_ server: RunningServer, receiveBuffer: Int32? = nil) throws -> Connection {
    let connection = try server.connect(receiveBuffer: receiveBuffer)
    let head = try connection.open("/metrics/stream")
    #expect(head.status == 200 && head["content-type"] == "text/event-stream; charset=utf-8")
    #expect(head["transfer-encoding"] == "chunked" && head["content-length"] == nil && head["connection"] == "close")
    return connection
  }

  @Test(arguments: ServerKind.allCases) func eventsComeAsSamplesDo(kind: ServerKind) async throws {
    history.append(RunningServer.sample(1))
    try await withServer(server(kind)) { server in
      let connection = try open(server)
      for second in 1...20 {
        if second > 1 { append(second) }
        let event = try connection.event()
        #expect(Self.second(event) == second)
        #expect(event?.split(separator: "\n").last?.hasPrefix("data: {\"timestamp\":\"1970-01-01T00:00:") == true)
      }
      // Other requests are answered meanwhile.
      #expect(try server.connect().get("/metrics/latest").body.hasPrefix("{\"timestamp\":\"1970-01-01T00:00:01Z\""))
    }
  }

  @Test(arguments: ServerKind.allCases) func aStreamBeforeTheFirstSampleIsAnsweredAtOnce(kind: ServerKind) async throws
  {
    try await withServer(server(kind)) { server in
      let connection = try open(server)
      append(5)
      #expect(Self.second(try connection.event()) == 5)
    }
  }

  @Test(arguments: ServerKind.allCases) func headersOnlyForHEAD(kind: ServerKind) async throws {
    history.append(RunningServer.sample(1))
    try await withServer(server(kind)) { server in
      let connection = try server.connect()
      connection.send("HEAD /metrics/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let head = try connection.answer(isHead: true)
      #expect(head.status == 200 && head["content-type"] == "text/event-stream; charset=utf-8")
      #expect(head["connection"] == "close")
      #expect(connection.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func aReaderOfHTTP10GetsThemWithoutChunks(kind: ServerKind) async throws {
    history.append(RunningServer.sample(1))
    try await withServer(server(kind)) { server in
      let connection = try server.connect()
      connection.send("GET /metrics/stream HTTP/1.0\r\n\r\n")
      let head = try connection.answer()
      #expect(head.status == 200 && head["transfer-encoding"] == nil && head["connection"] == "close")
      #expect(try connection.text(bytes: 42) == "retry: 1000\nid: 1970-01-01T00:00:01Z\ndata:")
    }
  }

  /// Each way of disconnecting frees the only stream slot and removes the watch from the history.
  @Test(arguments: ServerKind.allCases, ["close", "reset", "finish sending"]) func clientsThatGoLeaveNothing(
    kind: ServerKind, way: String
  ) async throws {
    history.append(RunningServer.sample(1))
    try await withServer(server(kind, streams: 1)) { server in
      var connection: Connection? = try open(server)
      #expect(try server.connect().get("/metrics/stream").status == 503)
      switch way {
      case "reset": connection?.abort()
      case "finish sending": connection?.finishSending()
      default: connection = nil
      }
      // The server notices it without sending.
      var status = 503
      while status == 503 { status = try server.connect().open("/metrics/stream").status }
      #expect(status == 200)
      _ = connection
    }
    // Only after the server's own tasks have ended, which withServer awaits.
    #expect(demand.wantedIntervals(at: 0) == [1])
    #expect(demand.wantedIntervals(at: 60) == [])
  }

  @Test(arguments: ServerKind.allCases) func aSlowReaderIsGivenTheNewestAndHoldsNobodyUp(kind: ServerKind) async throws
  {
    history.append(RunningServer.sample(1))
    try await withServer(server(kind)) { server in
      let slow = try open(server, receiveBuffer: 4_096)
      let fast = try open(server)
      #expect(Self.second(try fast.event()) == 1)
      // About 20 kB each, 2 MB in all; the buffers in between hold a few hundred kB.
      for second in 2...100 {
        append(second, mounts: 200)
        #expect(Self.second(try fast.event()) == second)
      }
      var seen: [Int] = []
      while seen.last != 100 {
        guard let second = Self.second(try slow.event()) else { break }
        seen.append(second)
      }
      #expect(seen.last == 100 && seen == seen.sorted() && Set(seen).count == seen.count)
      #expect(seen.count < 60)
    }
  }

  @Test(arguments: ServerKind.allCases) func twoHundredReadersMissNothing(kind: ServerKind) async throws {
    history.append(RunningServer.sample(1))
    try await withServer(server(kind)) { server in
      let readers = try (0..<200).map { _ in try open(server) }
      for second in 1...10 {
        if second > 1 { append(second, mounts: 20) }
        for reader in readers { #expect(Self.second(try reader.event()) == second) }
      }
      #expect(try server.connect().get("/health").status == 200)
    }
    #expect(demand.wantedIntervals(at: 0) == [1])
    #expect(demand.wantedIntervals(at: 60) == [])
  }

  @Test(arguments: ServerKind.allCases) func theEndOfTheServerEndsStreams(kind: ServerKind) async throws {
    history.append(RunningServer.sample(1))
    try await blocking {
      let server = try await RunningServer.start(server(kind))
      let connection = try open(server)
      #expect(Self.second(try connection.event()) == 1)
      await server.stop()
      #expect(throws: Never.self) { try? connection.event() }
      #expect(connection.isEnded())
    }
  }

  @Test(arguments: ServerKind.allCases) func strangeHostsAreRefused(kind: ServerKind) async throws {
    history.append(RunningServer.sample(1))
    try await withServer(server(kind)) { server in
      let connection = try server.connect()
      connection.send("GET /metrics/latest HTTP/1.1\r\nHost: evil.example\r\n\r\n")
      #expect(try connection.answer().status == 403)
      connection.send("GET /metrics/latest HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n\r\n")
      #expect(try connection.answer().status == 200)
    }
  }

  @Test(arguments: ServerKind.allCases) func compressedOverTheWire(kind: ServerKind) async throws {
    for second in 1...5 { history.append(RunningServer.sample(second, mounts: 50)) }
    try await withServer(server(kind)) { server in
      let connection = try server.connect()
      let plain = try connection.get("/metrics/history?from=0")
      connection.send("GET /metrics/history?from=0 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
      let packed = try connection.answer()
      #expect(packed["content-encoding"] == "gzip" && packed["vary"] == "Accept-Encoding")
      #expect((packed["content-length"].flatMap { Int($0) } ?? .max) * 5 < plain.body.utf8.count)
      #expect(try connection.get("/health").status == 200)
    }
  }
}
