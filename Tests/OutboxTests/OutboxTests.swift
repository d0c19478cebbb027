import AgentMetrics
import SampleStore
import Logging
import SystemIO
import TestSupport
import Testing

@testable import Outbox

/// Sends the samples of a history to sinks that have no network.
@Suite struct OutboxTests {
  private static let quick: PushTiming = {
    var timing = PushTiming()
    timing.firstRetry = 0.001
    timing.maxRetry = 0.01
    timing.maxHeldRetry = 0.01
    timing.catchUpPace = 0
    return timing
  }()

  private let history = History(capacity: 100, interval: 1)
  private let record = ScriptedSink.Record()

  private func push(
    cursorFile: String? = nil, _ answer: @escaping @Sendable (Int, [Double]) -> Delivery? = { _, _ in nil }
  ) -> Push {
    let push = Push(
      to: [{ [record] _ in ScriptedSink(record: record, answer: answer) }], history: history, version: "1.0",
      cursorFile: cursorFile, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, timing: Self.quick)
    push.start()
    return push
  }

  private func append(_ times: Range<Int>) {
    for time in times {
      var sample = Sample()
      sample.timestamp = Timestamp(seconds: Double(time))
      sample.boottime = Double(time)
      history.append(sample)
    }
  }

  private func stop(_ push: Push) async {
    await withCheckedContinuation { continuation in
      Thread.start("stop") {
        push.stop(atMost: 60)
        continuation.resume()
      }
    }
  }

  private func eventually(_ holds: () -> Bool) async throws {
    let end = Clock.monotonic + 300
    while !holds() {
      try #require(Clock.monotonic < end)
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  @Test("A sink gets each sample once and in order over failures, and then the end of its series")
  func failures() async throws {
    let push = push { number, _ in
      number % 3 == 1 ? Delivery(.failed(Delivery.Failure("away", isRefused: number % 2 == 0))) : nil
    }
    for time in stride(from: 10, to: 40, by: 3) {
      append(time..<time + 3)
      try await eventually { record.stored.last == Double(time + 2) }
    }
    await stop(push)
    #expect(record.stored == (10..<40).map(Double.init))
    let status = push.status[0]
    #expect(status.url == "scripted" && status.format == "test" && status.state == .live)
    #expect(status.sentSamples == 30 && status.sentValues == 30 && status.sentBytes == 240)
    #expect(status.failed == Double(record.requests.indices.count { $0 % 3 == 1 }))
    #expect(record.ends == [39] && record.isClosed)
  }

  @Test("Requests are halved until a sink accepts them; samples that it never accepts are a gap")
  func rejected() async throws {
    let push = push { _, times in
      if times.count > 4 { return Delivery(.tooLarge(Delivery.Rejection("too large"))) }
      return times.contains(25) ? Delivery(.rejected(Delivery.Rejection("odd", .outOfOrder))) : nil
    }
    append(10..<40)
    try await eventually { push.status[0].cursor == 39 }
    await stop(push)
    #expect(record.stored == (10..<40).filter { $0 != 25 }.map(Double.init))
    let status = push.status[0]
    #expect(status.dropped == 1 && status.lastError == "odd")
    #expect(status.gaps == [PushStatus.Gap(from: 25, to: 25, samples: 1, reason: .outOfOrder)])
  }

  @Test("A new process continues at the cursor in the file")
  func cursor() async throws {
    let folder = try TemporaryFolder()
    try folder.write("cursors", "14000 scripted\n")
    append(10..<20)
    let push = push(cursorFile: folder.file("cursors"))
    try await eventually { record.stored.last == 19 }
    await stop(push)
    #expect(record.stored == (15..<20).map(Double.init))
    let cursors = try Files.contents(of: folder.file("cursors"))
    #expect(String(decoding: cursors, as: UTF8.self) == "19000 scripted\n")
  }

  @Test("Waits double up to their limit, and begin again after a success")
  func backoff() {
    var backoff = Backoff(first: 1)
    for limit in [1.0, 2, 4, 8, 10, 10] {
      let wait = backoff.next(atMost: 10)
      #expect(wait >= limit / 2 && wait <= limit)
    }
    backoff.reset()
    #expect(backoff.next(atMost: 10) <= 1)
  }
}
