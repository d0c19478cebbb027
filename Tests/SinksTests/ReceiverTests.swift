import AgentMetrics
import Archive
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Outbox
@testable import Sinks

/// Pushes to Debian's Prometheus and VictoriaMetrics; skipped if they are not installed.
@Suite(.ownThreads, .serialized) struct ReceiverTests {
  static let installed = RealReceiver.Kind.allCases.filter { $0.path != nil }
  static var hasPrometheus: Bool { installed.contains(.prometheus) }

  /// A machine with samples of the last two hours, the range that Prometheus accepts.
  private let machine = SmallMachine(start: (Clock.realtime / 30).rounded(.down) * 30 - 6_600)

  private func expectComplete(
    _ receiver: RealReceiver, _ samples: [Sample], tolerance: Double = 0, location: SourceLocation = #_sourceLocation
  ) throws {
    let first = try #require(samples.first).timestamp.seconds
    let last = try #require(samples.last).timestamp.seconds
    let found = try receiver.points(since: first, to: last)
    var missing = 0
    var wrong: [String] = []
    var count = 0
    for point in expectedPoints(samples) {
      count += 1
      guard let value = found[point.series]?[point.milliseconds] else {
        missing += 1
        continue
      }
      let expected = Double(bitPattern: point.bits)
      if abs(value - expected) > tolerance * max(1, abs(expected)) {
        wrong.append("\(point.series): \(value) in place of \(expected)")
      }
    }
    #expect(missing == 0, "of \(count) values", sourceLocation: location)
    #expect(wrong.prefix(9) == [], sourceLocation: location)
    let others = found.filter { !$0.key.hasPrefix("agent_push_probe{") }
    #expect(others.values.reduce(0) { $0 + $1.count } == count, sourceLocation: location)
  }

  @Test("After an hour without the receiver no sample is missing", arguments: installed)
  func outage(_ kind: RealReceiver.Kind) async throws {
    let receiver = try RealReceiver(kind)
    try await receiver.start()
    let pushing = try Pushing(to: receiver.url)
    var samples: [Sample] = []
    func sampled(_ numbers: Range<Int>) {
      for number in numbers {
        // A GPU disappears for a while.
        samples.append(machine.sample(number, gpus: (40..<60).contains(number) ? 1 : 2))
        pushing.history.append(samples[samples.count - 1])
      }
    }
    for number in 0..<10 {
      sampled(number..<number + 1)
      try await eventually("sample \(number)") { pushing.status.sentSamples == Double(number + 1) }
    }
    receiver.stop()
    sampled(10..<130)
    try await eventually("failures") { pushing.status.failed >= 2 && pushing.status.state == .failing }
    try await receiver.start()
    try await eventually("missed samples") { pushing.status.sentSamples == 130 && pushing.status.state == .live }
    sampled(130..<135)
    try await eventually("later samples") { pushing.status.sentSamples == 135 }
    // VictoriaMetrics stores decimal numbers.
    try expectComplete(receiver, samples, tolerance: kind == .prometheus ? 0 : 1e-12)
    #expect(pushing.status.dropped == 0 && pushing.status.lost == 0 && pushing.status.gaps.isEmpty)
    // Neither of Debian's versions supports 2.0.
    #expect(pushing.status.format == "remote-write 1.0")
    await pushing.stop()
    if kind == .prometheus {
      // At the end the series are stale: a query after the clean stop finds none.
      let now = Int(samples[134].timestamp.seconds) + 1
      let answer = try receiver.json("/api/v1/query?query=agent_load1&time=\(now)")
      #expect(answer["data"]?["result"]?.elements.isEmpty == true)
    }
    receiver.stop()
  }

  @Test(
    "VictoriaMetrics stores InfluxDB's lines as the same series",
    .enabled(if: installed.contains(.victoriaMetrics)))
  func influx() async throws {
    let receiver = try RealReceiver(.victoriaMetrics)
    try await receiver.start()
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)/write", kind: "influx")
    let samples = (0..<10).map { number in
      var sample = machine.sample(number, gpus: number < 5 ? 2 : 1)
      // Backslashes and line breaks do not survive this protocol.
      sample.cpu.model = "A \"CPU\", of = ours"
      return sample
    }
    for sample in samples { pushing.history.append(sample) }
    try await eventually("all samples") { pushing.status.sentSamples == 10 && pushing.status.state == .live }
    try expectComplete(receiver, samples, tolerance: 1e-12)
    await pushing.stop()
    receiver.stop()
  }

  @Test(
    "Prometheus without its receiver flag costs no sample; with the flag it gets all of them",
    .enabled(if: hasPrometheus))
  func withoutFlag() async throws {
    let receiver = try RealReceiver(.prometheus)
    try await receiver.start(takesSamples: false)
    let pushing = try Pushing(to: receiver.url)
    let samples = (0..<20).map { machine.sample($0) }
    for sample in samples[..<10] { pushing.history.append(sample) }
    try await eventually("refusals") { pushing.status.failed >= 3 }
    #expect(pushing.status.state == .refused)
    #expect(pushing.status.lastError?.hasPrefix("HTTP 404: remote write receiver") == true)
    receiver.stop()
    try await receiver.start()
    for sample in samples[10...] { pushing.history.append(sample) }
    try await eventually("all samples") { pushing.status.sentSamples == 20 && pushing.status.state == .live }
    try expectComplete(receiver, samples)
    #expect(pushing.status.dropped == 0 && pushing.status.gaps.isEmpty)
    await pushing.stop()
    receiver.stop()
  }

  @Test("An hour without the receiver and a restart of the agent with an archive", arguments: installed)
  func restart(_ kind: RealReceiver.Kind) async throws {
    let folder = try TemporaryFolder()
    let receiver = try RealReceiver(kind)
    var samples: [Sample] = []

    func run(_ numbers: Range<Int>, _ body: (Pushing, Archive, (Range<Int>) -> Void) async throws -> Void) async throws
    {
      // Memory covers ten minutes.
      let history = History(capacity: 20, interval: 30)
      let archive = Archive(path: folder.file("history.db"), history: history) { Issue.record("\($0)") }
      archive.start()
      history.archive = archive
      let pushing = try Pushing(to: receiver.url, history: history, cursorFile: folder.file("history.db.push"))
      try await body(pushing, archive) { numbers in
        for number in numbers {
          samples.append(machine.sample(number))
          history.append(samples[samples.count - 1])
        }
      }
      await pushing.stop()
      archive.stop()
    }

    try await receiver.start()
    try await run(0..<70) { pushing, archive, sample in
      sample(0..<10)
      try await eventually("the first samples") { pushing.status.sentSamples == 10 }
      receiver.stop()
      for number in 10..<70 {
        sample(number..<number + 1)
        if number % 10 == 0 { #expect(archive.flush(atMost: 10)) }
      }
      #expect(archive.flush(atMost: 10))
      try await eventually("failures") { pushing.status.failed >= 2 }
    }
    // As after a crash: the cursor is late, and some samples are sent twice, first from memory and then from the
    // archive.
    try folder.write("history.db.push", "\(Int(samples[5].timestamp.seconds) * 1_000) \(receiver.url)\n")
    // Also ten minutes without an agent.
    try await run(90..<155) { pushing, archive, sample in
      for number in 90..<150 {
        sample(number..<number + 1)
        if number % 10 == 0 { #expect(archive.flush(atMost: 10)) }
      }
      #expect(archive.flush(atMost: 10))
      try await receiver.start()
      try await eventually("missed samples") { pushing.status.state == .live && pushing.status.lag == 0 }
      sample(150..<155)
      try await eventually("later samples") { pushing.status.cursor == samples[134].timestamp.seconds }
      #expect(pushing.status.dropped == 0 && pushing.status.lost == 0)
    }
    try expectComplete(receiver, samples, tolerance: kind == .prometheus ? 0 : 1e-12)
    receiver.stop()
  }

  @Test(
    "Samples that Prometheus rejects as too old or out of order are reported", .enabled(if: hasPrometheus))
  func tooOld() async throws {
    let receiver = try RealReceiver(.prometheus)
    try await receiver.start()
    // Another machine's samples are current.
    let other = try Pushing(to: receiver.url) { $0.labels = [PushLabel("instance=other")].compactMap(\.self) }
    let now = (Clock.realtime / 30).rounded(.down) * 30
    other.history.append(SmallMachine(start: now).sample(0))
    try await eventually("the other machine") { other.status.sentSamples == 1 }

    let late = SmallMachine(start: now - 7_200)
    let pushing = try Pushing(to: receiver.url, history: History(capacity: 300, interval: 30))
    for number in 0..<240 { pushing.history.append(late.sample(number)) }
    try await eventually("all that can be", atMost: 60) { pushing.status.sentSamples + pushing.status.dropped == 240 }
    let status = pushing.status
    #expect(status.dropped > 60 && status.dropped < 180)
    #expect(status.sentSamples == 240 - status.dropped)
    #expect(status.gaps.first?.from == now - 7_200)
    #expect(status.gaps.allSatisfy { $0.reason == .tooOld })
    #expect(status.lastError?.contains("out of bounds") == true)
    #expect(pushing.log.all.contains { $0.hasPrefix("error: ") && $0.contains("out of bounds") })
    try expectComplete(receiver, (Int(status.dropped)..<240).map { late.sample($0) })
    await pushing.stop()

    // The same machine again, with newer values.
    let again = try Pushing(to: receiver.url, history: History(capacity: 300, interval: 30))
    again.history.append(late.sample(200))
    try await eventually("the answer") { again.status.dropped == 1 }
    #expect(again.status.gaps.map(\.reason) == [.outOfOrder])
    await again.stop()
    await other.stop()
    receiver.stop()
  }
}
