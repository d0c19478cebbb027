import AgentMetrics
import Collect
import SampleStore
import Testing

@testable import API

/// Server-sent events, event by event.
@Suite(.timeLimit(.minutes(10))) struct EventStreamTests {
  private let demand = SamplingDemand(History(capacity: 100, interval: 10))
  private var history: History { demand.history }

  private func sample(_ second: Int, boottime: Int? = nil) -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: MadeUpSample.time + Double(second))
    reading.boottime = Double(boottime ?? second)
    return Sample(from: nil, to: reading)
  }

  private func stream(since second: Int? = nil, interval: Int = 1, silence: Duration = .seconds(1_000)) -> EventStream {
    EventStream(
      demand, interval: interval, since: second.map { Timestamp(seconds: MadeUpSample.time + Double($0)) },
      silence: silence)
  }

  private static func text(_ event: [[UInt8]]?) -> String {
    String(decoding: event?.flatMap(\.self) ?? [], as: UTF8.self)
  }

  /// The second in an event's id.
  private static func second(_ event: [[UInt8]]?) -> Int? {
    let lines = text(event).split(separator: "\n").filter { $0 != "retry: 1000" }
    guard lines.count == 2, lines[0].hasPrefix("id: "),
      lines[1].hasPrefix("data: {\"timestamp\":\"" + lines[0].dropFirst(4))
    else {
      return nil
    }
    return Timestamp(rfc3339: lines[0].dropFirst(4)).map { Int($0.seconds - MadeUpSample.time) }
  }

  @Test func firstTheNewestSampleThenLiveOnes() async {
    for second in [10, 20] { history.append(sample(second)) }
    var iterator = stream().makeAsyncIterator()
    let first = await iterator.next()
    #expect(Self.text(first) == "retry: 1000\nid: 2026-02-05T06:45:20Z\ndata: \(API.latestBody(of: sample(20)))\n")
    for second in 21...23 {
      history.append([(1, sample(second))])
      #expect(Self.second(await iterator.next()) == second)
    }
    // A sample on both tracks is sent once.
    history.append([(1, sample(30)), (10, sample(30))])
    #expect(Self.second(await iterator.next()) == 30)
    history.append([(1, sample(31))])
    #expect(Self.second(await iterator.next()) == 31)
  }

  @Test func theFirstSampleIsWaitedFor() async {
    var iterator = stream().makeAsyncIterator()
    // A comment is sent immediately, so that no proxy holds the header back.
    #expect(Self.text(await iterator.next()) == ":\n\n")
    history.append(sample(10))
    let first = await iterator.next()
    #expect(Self.second(first) == 10 && Self.text(first).hasPrefix("retry: 1000\nid: "))
    history.append([(1, sample(11))])
    #expect(Self.text(await iterator.next()).hasPrefix("id: "))
  }

  @Test func aCountEndsIt() async throws {
    for second in [10, 20] { history.append(sample(second)) }
    let response = await api().respond(to: API.Request(target: "/metrics/stream?count=2&since=0"))
    var iterator = try #require(response.events).makeAsyncIterator()
    for second in [10, 20] { #expect(Self.second(await iterator.next()) == second) }
    #expect(await iterator.next() == nil)
  }

  @Test func missedSamplesComeFirst() async {
    let other = demand.watch(interval: 1)
    for second in [10, 20, 30] { history.append(sample(second)) }
    for second in 35...42 {
      history.append(second == 40 ? [(1, sample(40)), (10, sample(40))] : [(1, sample(second))])
    }
    var iterator = stream(since: 10).makeAsyncIterator()
    var seconds: [Int?] = []
    for _ in 0..<4 { seconds.append(Self.second(await iterator.next())) }
    // Samples taken meanwhile are not lost.
    for second in 43...51 { history.append([(1, sample(second))]) }
    for _ in 0..<15 { seconds.append(Self.second(await iterator.next())) }
    #expect(seconds == [20, 30] + (35...51).map { $0 })
    history.append([(1, sample(52))])
    #expect(Self.second(await iterator.next()) == 52)
    other.end()
  }

  @Test(arguments: [20, 25]) func aClientThatIsUpToDateGetsOnlyLiveSamples(since: Int) async {
    for second in [10, 20] { history.append(sample(second)) }
    var iterator = stream(since: since).makeAsyncIterator()
    _ = await iterator.next()
    history.append([(1, sample(26))])
    #expect(Self.second(await iterator.next()) == 26)
  }

  @Test func aCoarseClientGetsNoFineSamples() async {
    let other = demand.watch(interval: 1)
    for second in 1...30 {
      history.append([(1, sample(second))] + (second % 10 == 0 ? [(10, sample(second))] : []))
    }
    var iterator = stream(since: 0, interval: 10).makeAsyncIterator()
    for second in [10, 20, 30] { #expect(Self.second(await iterator.next()) == second) }
    for second in 31...40 { history.append([(1, sample(second))] + (second == 40 ? [(10, sample(second))] : [])) }
    #expect(Self.second(await iterator.next()) == 40)
    other.end()
  }

  @Test func aClockThatWasSetBackLosesNoSample() async {
    for (second, boottime) in [(1_000, 10), (1_010, 20), (300, 30), (310, 40)] {
      history.append(sample(second, boottime: boottime))
    }
    var iterator = stream(since: 1_000).makeAsyncIterator()
    for second in [1_010, 300, 310] { #expect(Self.second(await iterator.next()) == second) }
  }

  @Test func aShortStallLosesNoSampleALongOneIsSkipped() async {
    history.append(sample(0))
    var iterator = stream().makeAsyncIterator()
    _ = await iterator.next()
    for second in 1...EventStream.maxBehind { history.append([(1, sample(second))]) }
    for second in 1...EventStream.maxBehind { #expect(Self.second(await iterator.next()) == second) }
    for second in 6...90 { history.append([(1, sample(second))]) }
    #expect(Self.second(await iterator.next()) == 90)
    history.append([(1, sample(91))])
    #expect(Self.second(await iterator.next()) == 91)
  }

  @Test func aSlowClientSkipsToTheNewestSample() async {
    let other = demand.watch(interval: 1)
    for second in 1...20 { history.append([(1, sample(second))]) }
    var iterator = stream(since: 0).makeAsyncIterator()
    var now = 20
    var last = 0
    for _ in 0..<40 {
      guard let second = Self.second(await iterator.next()) else { break }
      #expect(second > last)
      last = second
      // Two samples are taken for each one read.
      for _ in 0..<2 {
        now += 1
        history.append([(1, sample(now))])
      }
    }
    #expect(now - last <= 2 * EventStream.maxBehind)
    other.end()
  }

  @Test func silenceIsBrokenByAComment() async {
    history.append(sample(0))
    var iterator = stream(silence: .milliseconds(20)).makeAsyncIterator()
    _ = await iterator.next()
    for _ in 0..<2 { #expect(Self.text(await iterator.next()) == ":\n\n") }
    history.append([(1, sample(1))])
    var event = await iterator.next()
    while Self.text(event) == ":\n\n" { event = await iterator.next() }
    #expect(Self.second(event) == 1)
  }

  @Test func theEndEndsItAndItsWatch() async {
    history.append(sample(0))
    let stream = stream()
    do {
      var iterator = stream.makeAsyncIterator()
      _ = await iterator.next()
      #expect(demand.wantedIntervals(at: 0) == [1])
      #expect(demand.wantedIntervals(at: 1_000) == [1])
      stream.end()
      #expect(await iterator.next() == nil)
    }
    #expect(demand.wantedIntervals(at: 2_000) == [1])
    #expect(demand.wantedIntervals(at: 2_061) == [])
  }

  @Test func cancellationEndsIt() async {
    history.append(sample(0))
    let stream = stream()
    let (begun, tell) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      for await event in stream where Self.second(event) == 0 { tell.yield() }
    }
    for await _ in begun { break }
    task.cancel()
    await task.value
  }

  // MARK: Through the API

  private func api(streams: Int = 224) -> API {
    var settings = API.APISettings()
    settings.streams = streams
    return API(history: history, demand: demand, settings: settings)
  }

  @Test func theHeadersOfAStream() async throws {
    history.append(sample(0))
    let response = await api().respond(
      to: API.Request(target: "/metrics/stream?interval=5", headers: [("Accept-Encoding", "gzip")]))
    #expect(response.status == 200 && response[header: "content-type"] == "text/event-stream; charset=utf-8")
    #expect(response[header: "cache-control"] == "no-store" && response[header: "content-length"] == nil)
    #expect(response[header: "content-encoding"] == nil)
    var iterator = try #require(response.events).makeAsyncIterator()
    #expect(demand.wantedIntervals(at: 0) == [5])
    #expect(Self.second(await iterator.next()) == 0)
  }

  @Test func theHeaderTakesPrecedenceOverTheURL() async throws {
    for second in [0, 10, 20, 30] { history.append(sample(second)) }
    let id = Timestamp(seconds: MadeUpSample.time + 20).rfc3339
    let request = API.Request(target: "/metrics/stream?since=\(MadeUpSample.time)", headers: [("last-event-id", id)])
    var iterator = try #require(await api().respond(to: request).events).makeAsyncIterator()
    #expect(Self.second(await iterator.next()) == 30)
    // An id of another server: an error would stop a browser permanently.
    let other = await api().respond(to: API.Request(target: "/metrics/stream", headers: [("Last-Event-ID", "7 of 9")]))
    var first = try #require(other.events).makeAsyncIterator()
    #expect(Self.second(await first.next()) == 30)
  }

  @Test func streamsAreLimited() async throws {
    history.append(sample(0))
    let api = api(streams: 2)
    var open: [API.Response] = []
    for _ in 0..<2 { open.append(await api.respond(to: API.Request(target: "/metrics/stream"))) }
    for method in ["GET", "HEAD"] {
      let refused = await api.respond(to: API.Request(method: method, target: "/metrics/stream"))
      #expect(refused.status == 503 && refused[header: "retry-after"] == "10")
    }
    open.removeLast()
    let head = await api.respond(to: API.Request(method: "HEAD", target: "/metrics/stream"))
    #expect(head.status == 200 && head.events == nil)
    // HEAD took no permit.
    #expect(await api.respond(to: API.Request(target: "/metrics/stream")).status == 200)
    #expect(open.allSatisfy { $0.status == 200 })
  }
}
