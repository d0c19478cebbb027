import API
import HTTPServer
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServerCore
import TestSupport
import Testing

/// HTTP/2 over TLS, in frames that the tests write themselves.
@Suite(.enabled(if: TestAuthority.isAvailable, "openssl is not installed"), .ownThreads)
struct HTTP2Tests {
  private static func serving(
    _ limits: ConnectionLimits = .patient, _ body: (RunningServer) async throws -> Void
  ) async throws {
    let authority = try TestAuthority()
    try authority.issue("server")
    var server = HTTPServer(
      api: RunningServer.api(samples: 3), host: "127.0.0.1", port: 0,
      logger: Logger(label: "test") { _ in LineHandler(lines: LogLines()) })
    server.limits = limits
    server.tls = try ServerTLS(
      PEMFiles(certificate: authority.folder.file("server.pem"), key: authority.folder.file("server.key"))
    ) { _ in }
    try await withServer(server, body)
  }

  @Test("One connection carries many requests and streams")
  func streams() async throws {
    try await Self.serving { server in
      let client = try await FrameClient(port: server.port)
      #expect(client.version == "h2")
      for stream in stride(from: 1, to: 40, by: 2) {
        client.send(.head("/metrics/stream?interval=1", stream: stream))
      }
      client.send(.head("/health", stream: 41))
      let answer = await client.answer(41)
      #expect(answer.status == .ok && answer.end == .stream && answer.body.hasPrefix(#"{"status":"ok""#), "\(answer)")
      for stream in stride(from: 1, to: 40, by: 2) {
        #expect(await client.answer(stream, until: "data: ").body.contains("data: "))
      }
      await client.close()
    }
  }

  @Test("A client that offers only HTTP/1.1, or nothing, gets HTTP/1.1", arguments: [["http/1.1"], []])
  func fallback(protocols: [String]) async throws {
    try await Self.serving { server in
      let client = try await FrameClient(port: server.port, protocols: protocols, preface: false)
      client.write(Array("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8))
      #expect(await client.text().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test("Without an authority, with another Host or too many fields a request is malformed; the connection goes on")
  func malformed() async throws {
    try await Self.serving { server in
      let client = try await FrameClient(port: server.port)
      client.send(.head("/health", stream: 1, authority: nil))
      client.send(.head("/health", stream: 3, more: [("host", "other")]))
      client.send(.head("/health", stream: 5, more: (0..<129).map { ("x-\($0)", "1") }))
      client.send(.head("/health", stream: 7, authority: nil, more: [("host", "localhost")]))
      for stream in [1, 3, 5] {
        let answer = await client.answer(stream)
        #expect(answer.status == .badRequest && answer.body.contains("malformed HTTP request"), "\(stream): \(answer)")
      }
      #expect(await client.answer(7).status == .ok)
      await client.close()
    }
  }

  @Test("Beyond the limit of streams a request is answered with 503")
  func full() async throws {
    var limits = ConnectionLimits.patient
    limits.connections = 2
    try await Self.serving(limits) { server in
      let client = try await FrameClient(port: server.port)
      client.send(.head("/metrics/stream?interval=1", stream: 1))
      client.send(.head("/metrics/stream?interval=1", stream: 3))
      client.send(.head("/health", stream: 5))
      let answer = await client.answer(5)
      #expect(answer.status == .other && answer.end == .stream && answer.body.contains("connections"), "\(answer)")
      client.send(.reset(1))
      // The reset counts once the server has dealt with it.
      var stream = 5
      repeat {
        stream += 2
        client.send(.head("/health", stream: stream))
      } while await client.answer(stream).status != .ok && stream < 200
      #expect(stream < 200)
      await client.close()
    }
  }

  @Test("Floods end their connection", arguments: FrameFlood.allCases)
  func floods(flood: FrameFlood) async throws {
    try await Self.serving { server in
      let other = try await FrameClient(port: server.port)
      let client = try await FrameClient(port: server.port)
      for count in 0..<2_000 { client.write(flood.bytes(count)) }
      #expect(await client.answer(-1).end == .connection)
      other.send(.head("/health", stream: 1))
      #expect(await other.answer(1).status == .ok)
      await other.close()
    }
  }

  @Test("A stream without the end of its request, and a connection without a request, are closed in time")
  func deadlines() async throws {
    var limits = ConnectionLimits.patient
    limits.sweep = .milliseconds(50)
    limits.header.time = .milliseconds(300)
    try await Self.serving(limits) { server in
      // Without a client the handshake itself came too late.
      if let silent = try? await FrameClient(port: server.port) { #expect(await silent.answer(-1).end == .connection) }
    }
    // The client may be slow, too.
    limits.header.time = .seconds(600)
    limits.body.time = .milliseconds(300)
    limits.idle = .milliseconds(300)
    try await Self.serving(limits) { server in
      let client = try await FrameClient(port: server.port)
      client.send(.head("/metrics/stream?interval=1", stream: 1, isEnd: false))
      #expect(await client.answer(1).end == .reset)
      // Nothing else is open then.
      #expect(await client.answer(-1).end == .connection)
    }
  }

  @Test("A response that the client's window does not admit is reset in time, however short")
  func closedWindow() async throws {
    var limits = ConnectionLimits.patient
    limits.sweep = .milliseconds(50)
    limits.stalled = .milliseconds(300)
    try await Self.serving(limits) { server in
      let client = try await FrameClient(port: server.port)
      // SETTINGS_INITIAL_WINDOW_SIZE.
      client.send(Frame(kind: .settings, payload: [0, 4] + Frame.number(1)))
      client.send(.head("/metrics/latest", stream: 1))
      let answer = await client.answer(1)
      #expect(answer.status == .ok && answer.body == "{" && answer.end == .reset, "\(answer)")
      await client.close()
    }
  }

  @Test("The server's end ends streams and connections")
  func end() async throws {
    var clients: [FrameClient] = []
    try await Self.serving { server in
      for stream in [1, 0] {
        let client = try await FrameClient(port: server.port)
        if stream > 0 { client.send(.head("/metrics/stream?interval=1", stream: stream)) }
        _ = await client.answer(0)
        clients.append(client)
      }
    }
    for client in clients { #expect(await client.answer(-1).end == .connection) }
  }
}
