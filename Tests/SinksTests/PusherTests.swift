import AgentMetrics
import ClientHTTP
import ClientNIO
import SampleStore
import NIOHTTP1
import NIOSSL
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Outbox
@testable import Sinks

/// Pushes to receivers that comply with the protocol, and to others.
@Suite struct PusherTests {
  private let machine = SmallMachine(start: 1_770_000_000)

  private func fill(_ history: History, _ numbers: Range<Int>, gpus: Int = 2) -> [Sample] {
    let samples = numbers.map { machine.sample($0, gpus: gpus) }
    for sample in samples { history.append(sample) }
    return samples
  }

  /// All expected samples were accepted, per series in chronological order on first arrival: samples whose acceptance
  /// was reported too late are sent again.
  private func expectComplete(
    _ receiver: FakeReceiver, _ samples: [Sample], location: SourceLocation = #_sourceLocation
  ) {
    let points = receiver.points.filter { $0.bits != PushBatch.stale }
    #expect(Set(points) == expectedPoints(samples), sourceLocation: location)
    var newest: [String: Int64] = [:]
    var known: Set<FakeReceiver.Point> = []
    for point in points where known.insert(point).inserted {
      #expect(newest[point.series] ?? .min <= point.milliseconds, sourceLocation: location)
      newest[point.series] = point.milliseconds
    }
  }

  @Test("Samples arrive as they are taken, by remote write 2.0 with its headers; a clean stop ends all series")
  func live() async throws {
    let receiver = try await FakeReceiver { request in
      let count = (try? request.received().count) ?? 0
      return .answer(204, [("X-Prometheus-Remote-Write-Samples-Written", String(count))])
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)")
    var samples = fill(pushing.history, 0..<1)
    try await eventually("the first sample") { pushing.status.sentSamples == 1 }
    samples += fill(pushing.history, 1..<4)
    try await eventually("all samples") { pushing.status.sentSamples == 4 && pushing.status.state == .live }
    expectComplete(receiver, samples)
    let request = try #require(receiver.requests.first)
    #expect(request.target == "/api/v1/write")
    #expect(
      request.headers.first(name: "Content-Type") == "application/x-protobuf;proto=io.prometheus.write.v2.Request")
    #expect(request.headers.first(name: "Content-Encoding") == "snappy")
    #expect(request.headers.first(name: "User-Agent") == "worker-monitoring-agent/1.0")
    #expect(request.headers.first(name: "Host") == "127.0.0.1:\(receiver.port)")
    let status = pushing.status
    #expect(status.lag == 0 && status.pending == 0 && status.failed == 0 && status.dropped == 0 && status.lost == 0)
    #expect(status.format == "remote-write 2.0")
    #expect(status.sentValues == Double(receiver.points.count))
    #expect(status.cursor == machine.start + 90)

    await pushing.stop()
    let ends = receiver.points.filter { $0.bits == PushBatch.stale }
    #expect(Set(ends.map(\.series)) == Set(expectedPoints([samples[3]]).map(\.series)))
    #expect(Set(ends.map(\.milliseconds)) == [Int64(machine.start + 90) * 1_000 + 1])
    // A single connection sufficed.
    #expect(receiver.connections == 1)
    await receiver.close()
  }

  @Test("A receiver that supports only 1.0, and reports that or not", arguments: [204, 415, 400])
  func fallBack(status: Int) async throws {
    let receiver = try await FakeReceiver { request in
      request.headers.first(name: "X-Prometheus-Remote-Write-Version") == "0.1.0" ? .answer(204) : .answer(status)
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)")
    let samples = fill(pushing.history, 0..<3)
    try await eventually("all samples") { pushing.status.sentSamples == 3 }
    await pushing.stop()
    #expect(Set(receiver.points.filter { $0.bits != PushBatch.stale }) == expectedPoints(samples))
    #expect(pushing.status.format == "remote-write 1.0")
    #expect(pushing.status.dropped == 0)
    let versions = receiver.requests.map { $0.headers.first(name: "X-Prometheus-Remote-Write-Version") ?? "" }
    #expect(versions.filter { $0 == "2.0.0" }.count == 1)
    await receiver.close()
  }

  @Test("After temporary failures of any kind no sample is missing")
  func failures() async throws {
    let receiver = try await FakeReceiver { request in
      switch request.number {
      case 1, 2: .answer(500, [], "no disk")
      case 3: .cut
      case 4: .hang
      case 5: .endless
      case 6: .answer(429, [("Retry-After", "0")])
      case 7: .answer(401)
      case 8: .answer(503, [("Retry-After", "1")])
      case 9: .answer(302, [("Location", "http://example.org/")])
      case 10: .answer(408)
      default: .answer(204)
      }
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1") {
      // For the one that hangs; longer than a busy machine takes for the others.
      $0.limits.time = 3
    }
    var samples = fill(pushing.history, 0..<2)
    try await eventually("the first samples") { pushing.status.sentSamples == 2 }
    for number in 2..<30 {
      samples += fill(pushing.history, number..<number + 1)
      try await eventually("a further request") { receiver.requests.count > min(number - 1, 10) }
    }
    try await eventually("all samples") { pushing.status.sentSamples == 30 && pushing.status.state == .live }
    expectComplete(receiver, samples)
    // Requests on a closed connection were repeated immediately.
    #expect((7...9).contains(pushing.status.failed))
    #expect(pushing.status.dropped == 0 && pushing.status.lost == 0 && pushing.status.gaps.isEmpty)
    #expect(receiver.bytesOut < 64 << 20)
    // Each kind of failure is logged once until the receiver works again, which is logged too.
    var logged: Set<String> = []
    for line in pushing.log.all where !line.hasPrefix("info: ") {
      if line.contains("works again") {
        #expect(!logged.isEmpty)
        logged = []
      } else {
        #expect(logged.insert(line).inserted, "\(line)")
      }
    }
    #expect(logged.isEmpty)
    await pushing.stop()
    await receiver.close()
  }

  @Test(
    "A response that does not concern the samples drops none, and is logged once",
    arguments: [
      101, 301, 302, 308, 401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 418, 421, 431, 451, 501, 505, 511,
    ])
  func held(status: Int) async throws {
    let isEnabled = Mutex(false)
    let receiver = try await FakeReceiver { request in
      isEnabled.withLock { $0 }
        ? .answer(204)
        : .answer(status, [("Location", "http://127.0.0.1:1/elsewhere?key=secret")], "request \(request.number)")
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1")
    var samples = fill(pushing.history, 0..<3)
    try await eventually("tries") { pushing.status.failed >= 4 }
    #expect(pushing.status.state == (status < 500 || status == 511 ? .refused : .failing))
    #expect(pushing.status.lastError?.hasPrefix("HTTP \(status)") == true)
    #expect(pushing.status.lastError?.contains("secret") == false)
    samples += fill(pushing.history, 3..<6)
    isEnabled.withLock { $0 = true }
    try await eventually("all samples") { pushing.status.sentSamples == 6 && pushing.status.state == .live }
    expectComplete(receiver, samples)
    #expect(pushing.status.dropped == 0 && pushing.status.gaps.isEmpty)
    #expect(pushing.log.all.filter { $0.hasPrefix("warning: ") }.count == 1)
    await pushing.stop()
    await receiver.close()
  }

  @Test(
    "A receiver that refuses is tried again as soon as it closes the connection, once unless that succeeds",
    arguments: [204, 404])
  func disconnect(secondStatus: Int) async throws {
    // The first retry alone would take hours.
    var timing = PushTiming.quick
    timing.firstRetry = 1e5
    timing.maxRetry = 1e6
    timing.maxHeldRetry = 1e6
    let receiver = try await FakeReceiver { .answer($0.number == 0 ? 404 : secondStatus) }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1", timing: timing)
    let samples = fill(pushing.history, 0..<3)
    try await eventually("the refusal") { pushing.status.failed == 1 }
    await receiver.disconnect()
    if secondStatus == 204 {
      try await eventually("all samples") { pushing.status.sentSamples == 3 }
      expectComplete(receiver, samples)
    } else {
      try await eventually("the early retry") { pushing.status.failed == 2 }
      await receiver.disconnect()
    }
    // A third one would come before the end, which is sent by a task of its own.
    await pushing.stop()
    if secondStatus == 404 { #expect(receiver.requests.count == 2) }
    await receiver.close()
  }

  @Test("Retry-After is honored up to its limit, also for a refusal")
  func retryAfter() async throws {
    var timing = PushTiming.quick
    timing.maxRetryAfter = 0.2
    let receiver = try await FakeReceiver { request in
      switch request.number {
      case 0: .answer(429, [("Retry-After", "999999")])
      case 1: .answer(404, [("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT")])
      default: .answer(204)
      }
    }
    let start = Clock.monotonic
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1", timing: timing)
    _ = fill(pushing.history, 0..<1)
    try await eventually("the sample") { pushing.status.sentSamples == 1 }
    #expect(Clock.monotonic - start >= 0.4)
    await pushing.stop()
    await receiver.close()
  }

  @Test("After a fallback to 1.0, 2.0 is tried again after a while and after an outage")
  func upgrade() async throws {
    let knows2 = Mutex(false)
    let isUp = Mutex(true)
    let receiver = try await FakeReceiver { request in
      guard isUp.withLock({ $0 }) else { return .answer(503) }
      guard request.headers.first(name: "X-Prometheus-Remote-Write-Version") == "2.0.0" else { return .answer(204) }
      guard knows2.withLock({ $0 }) else { return .answer(415) }
      return .answer(
        204, [("X-Prometheus-Remote-Write-Samples-Written", String((try? request.received().count) ?? 0))])
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)")
    var samples = fill(pushing.history, 0..<2)
    try await eventually("1.0") { pushing.status.sentSamples == 2 && pushing.status.format == "remote-write 1.0" }
    samples += fill(pushing.history, 2..<4)
    try await eventually("1.0 still") { pushing.status.sentSamples == 4 }
    #expect(
      receiver.requests.filter { $0.headers.first(name: "X-Prometheus-Remote-Write-Version") == "2.0.0" }.count == 1)
    knows2.withLock { $0 = true }
    isUp.withLock { $0 = false }
    samples += fill(pushing.history, 4..<6)
    try await eventually("the outage") { pushing.status.failed >= 2 }
    isUp.withLock { $0 = true }
    try await eventually("the end of the outage") { pushing.status.sentSamples == 6 }
    samples += fill(pushing.history, 6..<8)
    try await eventually("2.0") { pushing.status.sentSamples == 8 && pushing.status.format == "remote-write 2.0" }
    expectComplete(receiver, samples)
    #expect(pushing.status.dropped == 0)
    await pushing.stop()

    knows2.withLock { $0 = false }
    let other = try Pushing(to: "http://127.0.0.1:\(receiver.port)") { $0.upgradeRetry = 0 }
    _ = fill(other.history, 0..<2)
    try await eventually("1.0") { other.status.sentSamples == 2 && other.status.format == "remote-write 1.0" }
    knows2.withLock { $0 = true }
    _ = fill(other.history, 2..<4)
    try await eventually("2.0") { other.status.sentSamples == 4 && other.status.format == "remote-write 2.0" }
    await other.stop()
    await receiver.close()
  }

  @Test("A single sample that is too large is dropped, the others arrive")
  func tooLargeAlone() async throws {
    let bad = Int64(machine.start + 3 * 30) * 1_000
    let receiver = try await FakeReceiver { request in
      guard let timestamps = try? request.received().timestamps else { return .answer(500) }
      return timestamps.contains(bad) ? .answer(413) : .answer(204)
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1")
    let samples = fill(pushing.history, 0..<8)
    try await eventually("the others") { pushing.status.sentSamples == 7 && pushing.status.state == .live }
    expectComplete(receiver, samples.enumerated().filter { $0.offset != 3 }.map(\.element))
    #expect(pushing.status.dropped == 1 && pushing.status.gaps.map(\.samples) == [1])
    await pushing.stop()
    await receiver.close()
  }

  @Test("An endless response costs only its beginning")
  func endless() async throws {
    let receiver = try await FakeReceiver { $0.number == 0 ? .endless : .answer(204) }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1")
    _ = fill(pushing.history, 0..<1)
    try await eventually("the sample") { pushing.status.sentSamples == 1 }
    #expect(pushing.status.lastError?.hasPrefix("HTTP 500") == true)
    // Only the buffers of both ends were filled.
    #expect(receiver.bytesOut < 16 << 20)
    await pushing.stop()
    await receiver.close()
  }

  @Test("Connections are refused until the receiver listens")
  func refusedConnection() async throws {
    // Keeps the port from being reused meanwhile.
    let held = try Loopback.HeldPort()
    let port = held.number
    let pushing = try Pushing(to: "http://127.0.0.1:\(port)", kind: "remote-write-1")
    let samples = fill(pushing.history, 0..<5)
    try await eventually("failures") { pushing.status.failed >= 3 }
    #expect(pushing.status.state == .failing)
    #expect(pushing.status.pending == 5)
    #expect(pushing.status.lastError?.contains("refused") == true)
    let receiver = try await FakeReceiver(port: port) { _ in .answer(204) }
    try await eventually("all samples") { pushing.status.sentSamples == 5 }
    expectComplete(receiver, samples)
    await pushing.stop()
    await receiver.close()
    withExtendedLifetime(held) {}
  }

  @Test("A replaced token is read again; until then requests are retried")
  func newToken() async throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "old\n")
    let receiver = try await FakeReceiver { request in
      request.headers.first(name: "Authorization") == "Bearer new"
        && request.headers.first(name: "X-Scope-OrgID") == "me"
        ? .answer(204) : .answer(403)
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1") { target in
      target.credentials = .bearer(tokenFile: folder.file("token"))
      target.headers = [PushTarget.Header("X-Scope-OrgID: me")].compactMap(\.self)
    }
    let samples = fill(pushing.history, 0..<3)
    try await eventually("refusals") { pushing.status.failed >= 2 }
    #expect(pushing.status.state == .refused)
    try folder.write("token", "new\n")
    try await eventually("all samples") { pushing.status.sentSamples == 3 }
    expectComplete(receiver, samples)
    await pushing.stop()
    await receiver.close()
  }

  @Test("Rejected samples are dropped, counted and reported once; all others arrive")
  func rejected() async throws {
    let bad: Set<Int64> = [5, 6, 17].reduce(into: []) { $0.insert(Int64(1_770_000_000 + $1 * 30) * 1_000) }
    let receiver = try await FakeReceiver { request in
      guard let timestamps = try? request.received().timestamps else { return .answer(500) }
      return timestamps.isDisjoint(with: bad) ? .answer(204) : .answer(422, [], "cannot be")
    }
    let history = History(capacity: 200, interval: 30)
    let held = (0..<25).map { machine.sample($0) }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", history: history, kind: "remote-write-1")
    for sample in held { history.append(sample) }
    try await eventually("all that can be") { pushing.status.sentSamples == 22 && pushing.status.state == .live }
    expectComplete(receiver, held.enumerated().filter { ![5, 6, 17].contains($0.offset) }.map(\.element))
    let status = pushing.status
    #expect(status.dropped == 3)
    #expect(status.gaps.map(\.samples) == [2, 1])
    #expect(status.gaps.map(\.reason) == [.rejected, .rejected])
    #expect(status.gaps.first?.from == machine.start + 150 && status.gaps.first?.to == machine.start + 180)
    #expect(status.lastError == "HTTP 422: cannot be")
    let told = pushing.log.all.filter { $0.contains("dropped") }
    #expect(told.count >= 1 && told.count <= 2)
    await pushing.stop()
    await receiver.close()
  }

  @Test("A request accepted without a response is not a loss, though the receiver then rejects its samples as late")
  func unanswered() async throws {
    let newest = Mutex(Int64.min)
    let receiver = try await FakeReceiver { request in
      guard let timestamps = try? request.received().timestamps, let last = timestamps.max(),
        let first = timestamps.min()
      else {
        return .answer(500)
      }
      return newest.withLock { newest in
        // Like Prometheus: the last time may be repeated, earlier ones may not.
        if first < newest { return .answer(400, [], "out of order sample") }
        newest = last
        return request.number == 1 ? .cut : .answer(204)
      }
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1")
    _ = fill(pushing.history, 0..<1)
    try await eventually("the first") { pushing.status.sentSamples == 1 }
    _ = fill(pushing.history, 1..<6)
    try await eventually("all") { pushing.status.cursor == machine.start + 150 && pushing.status.state == .live }
    _ = fill(pushing.history, 6..<8)
    try await eventually("later samples") { pushing.status.cursor == machine.start + 210 }
    #expect(pushing.status.dropped == 0 && pushing.status.gaps.isEmpty)
    // Newer samples of another sender are a different case.
    newest.withLock { $0 = Int64(machine.start + 300) * 1_000 }
    _ = fill(pushing.history, 8..<9)
    try await eventually("the drop") { pushing.status.dropped == 1 }
    #expect(pushing.status.gaps.map(\.reason) == [.outOfOrder])
    await pushing.stop()
    await receiver.close()
  }

  @Test("Samples too old for the receiver cost few requests, and are reported as such")
  func tooOld() async throws {
    let limit = Int64(machine.start + 30 * 150) * 1_000
    let receiver = try await FakeReceiver { request in
      guard let timestamps = try? request.received().timestamps else { return .answer(500) }
      return timestamps.allSatisfy { $0 >= limit } ? .answer(204) : .answer(400, [], "out of bounds")
    }
    let history = History(capacity: 400, interval: 30)
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", history: history, kind: "remote-write-1")
    let samples = fill(history, 0..<200)
    try await eventually("recent samples") { pushing.status.sentSamples == 50 && pushing.status.state == .live }
    let points = receiver.points.filter { $0.bits != PushBatch.stale && !$0.series.hasPrefix("agent_push_probe{") }
    #expect(Set(points) == expectedPoints(Array(samples[150...])))
    #expect(pushing.status.dropped == 150)
    #expect(pushing.status.gaps.allSatisfy { $0.reason == .tooOld })
    #expect(pushing.status.gaps.last?.to == machine.start + 30 * 149)
    await pushing.stop()
    await receiver.close()
  }

  @Test("A request that is too large is split")
  func tooLarge() async throws {
    let receiver = try await FakeReceiver { request in
      ((try? request.received().timestamps.count) ?? 0) > 3 ? .answer(413) : .answer(204)
    }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1")
    let samples = fill(pushing.history, 0..<40)
    try await eventually("all samples") { pushing.status.sentSamples == 40 }
    expectComplete(receiver, samples)
    #expect(pushing.status.dropped == 0)
    await pushing.stop()
    await receiver.close()
  }

  @Test("Samples lost from memory during an outage are counted exactly, and reported")
  func lost() async throws {
    let isUp = Mutex(false)
    let receiver = try await FakeReceiver { _ in isUp.withLock { $0 } ? .answer(204) : .answer(500) }
    let pushing = try Pushing(
      to: "http://127.0.0.1:\(receiver.port)", history: History(capacity: 20, interval: 30), kind: "remote-write-1")
    let samples = fill(pushing.history, 0..<50)
    try await eventually("failures") { pushing.status.failed >= 2 }
    isUp.withLock { $0 = true }
    try await eventually("remaining samples") { pushing.status.state == .live }
    expectComplete(receiver, Array(samples[30...]))
    #expect(pushing.status.lost == 30)
    #expect(pushing.status.gaps.last?.reason == .lost)
    #expect(pushing.status.gaps.last?.to == machine.start + 900)
    #expect(pushing.log.all.contains { $0.contains("are lost") })
    await pushing.stop()
    await receiver.close()
  }

  @Test("A series that ends during an outage becomes stale")
  func ends() async throws {
    let receiver = try await FakeReceiver { (1...3).contains($0.number) ? .answer(500) : .answer(204) }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1")
    _ = fill(pushing.history, 0..<1)
    try await eventually("the first") { pushing.status.sentSamples == 1 }
    _ = fill(pushing.history, 1..<3)
    _ = fill(pushing.history, 3..<5, gpus: 1)
    try await eventually("all samples") { pushing.status.sentSamples == 5 }
    let ends = receiver.points.filter { $0.bits == PushBatch.stale }
    #expect(!ends.isEmpty)
    #expect(ends.allSatisfy { $0.series.contains("gpu=\"1\"") && $0.milliseconds == Int64(machine.start + 90) * 1_000 })
    await pushing.stop()
    await receiver.close()
  }

  @Test("Stopping is bounded in time, whatever the receiver does", .timeLimit(.minutes(10)))
  func stopping() async throws {
    let receiver = try await FakeReceiver { _ in .hang }
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", kind: "remote-write-1") {
      // The request alone would take an hour.
      $0.limits.time = 3_600
    }
    _ = fill(pushing.history, 0..<2)
    try await eventually("a request") { !receiver.requests.isEmpty }
    await pushing.stop(atMost: 0.2)
    #expect(pushing.status.sentSamples == 0)
    await receiver.close()
  }

  @Test("TLS: receivers with a trusted and an untrusted certificate")
  func tls() async throws {
    let folder = try TemporaryFolder()
    try folder.write("ca.pem", TestCertificate.certificate)
    try folder.write("key.pem", TestCertificate.key)
    let certificates = try NIOSSLCertificate.fromPEMFile(folder.file("ca.pem"))
    let context = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: certificates.map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: folder.file("key.pem"), format: .pem))))
    let receiver = try await FakeReceiver(tls: context) { _ in .answer(204) }
    let stranger = try Pushing(to: "https://localhost:\(receiver.port)", kind: "remote-write-1")
    _ = fill(stranger.history, 0..<1)
    try await eventually("failures") { stranger.status.failed >= 2 }
    #expect(stranger.status.sentSamples == 0)
    #expect(receiver.requests.isEmpty)
    await stranger.stop()
    for host in ["localhost", "127.0.0.1"] {
      let pushing = try Pushing(to: "https://\(host):\(receiver.port)", kind: "remote-write-1") {
        $0.authorities = folder.file("ca.pem")
      }
      _ = fill(pushing.history, 0..<1)
      try await eventually("the sample over TLS to \(host)") { pushing.status.sentSamples == 1 }
      await pushing.stop()
    }
    await receiver.close()
  }

  @Test(
    "TLS: an authority that is replaced in its file is used for new connections, one that is damaged is not",
    .enabled(if: TestAuthority.isAvailable, "openssl is not installed"))
  func authorityIsReplaced() async throws {
    let folder = try TemporaryFolder()
    try folder.write("cert.pem", TestCertificate.certificate)
    try folder.write("key.pem", TestCertificate.key)
    let context = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(folder.file("cert.pem")).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: folder.file("key.pem"), format: .pem))))
    let receiver = try await FakeReceiver(tls: context) { _ in .answer(204) }
    func ends(_ authority: String) async throws -> Bool {
      try folder.write("ca.pem", authority)
      var target = PostTarget(try PushURL("https://localhost:\(receiver.port)"))
      target.authorities = folder.file("ca.pem")
      let client = NIOTransport().poster(to: target, onDisconnect: {})
      defer { client.close() }
      return try await client.post([], fields: []).status == 204
    }
    let stranger = try TestAuthority()
    let other = String(decoding: try Files.contents(of: stranger.certificates), as: UTF8.self)
    await #expect(throws: ClientFailure.self) { try await ends(other) }
    #expect(try await ends(TestCertificate.certificate))
    #expect(try await ends("-----BEGIN CERTIFICATE-----\nbroken\n"))
    await receiver.close()
  }
}
