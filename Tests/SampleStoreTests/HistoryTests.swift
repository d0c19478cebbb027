import AgentMetrics
import SampleStore
import Synchronization
import Testing

@Suite struct HistoryTests {
  private func sample(at seconds: Double, boottime: Double? = nil) -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: seconds)
    reading.boottime = boottime ?? seconds
    return Sample(from: nil, to: reading)
  }

  @Test func ringKeepsTheNewest() {
    var ring = Ring<Int>(capacity: 3)
    #expect(ring.last == nil)
    for number in 1...7 { ring.append(number) }
    #expect((0..<ring.count).map { ring[$0] } == [5, 6, 7])
    #expect(ring.elements == [5, 6, 7] && ring.first == 5)
    #expect(ring.last == 7)
  }

  @Test func ringOfNothingHoldsOne() {
    var ring = Ring<Int>(capacity: 0)
    ring.append(1)
    ring.append(2)
    #expect(ring.count == 1 && ring.last == 2)
  }

  @Test func secondsSelectByElapsedTime() {
    let history = History(capacity: 100, interval: 5)
    for tick in 1...20 { history.append(sample(at: Double(tick * 5))) }
    #expect(history.last(seconds: 25).map(\.sample.timestamp.seconds) == [80, 85, 90, 95, 100])
    #expect(history.last(seconds: 1).count == 1)
    #expect(history.last(seconds: 1e9).count == 20)
  }

  @Test func aClockThatIsSetBackHidesNothing() {
    let history = History(capacity: 100, interval: 1)
    for tick in 0..<10 { history.append(sample(at: 1_000 + Double(tick), boottime: Double(tick))) }
    for tick in 10..<20 { history.append(sample(at: 500 + Double(tick), boottime: Double(tick))) }
    #expect(history.last(seconds: 15).count == 15)
  }

  @Test func capacityIsKept() {
    let history = History(capacity: 7, interval: 1)
    for tick in 0..<50 { history.append(sample(at: Double(tick))) }
    #expect(history.count == 7)
    #expect(history.all.map(\.sample.timestamp.seconds) == [43, 44, 45, 46, 47, 48, 49])
  }

  private struct Text: SampleCache {
    var plain: String?
    var packed: String?
    mutating func release() { plain = nil }
  }

  @Test func aReleasedSampleFreesWhatOnlyTheNewestKeeps() throws {
    let history = History(capacity: 2, interval: 1)
    history.append(sample(at: 1))
    let entry = try #require(history.latest)
    #expect(entry.withCache { $0 == nil && $1 })
    entry.withCache { values, _ in values = Text(plain: "abc", packed: "a") }
    #expect(entry.withCache { values, _ in (values as? Text)?.plain } == "abc")
    history.append(sample(at: 2))
    let (text, isNewest) = entry.withCache { ($0 as? Text, $1) }
    #expect(!isNewest && text?.plain == nil && text?.packed == "a")
  }

  @Test func observersHearEverySampleUntilRemoved() {
    let history = History(capacity: 2, interval: 1)
    let received = Mutex<[Double]>([])
    let observer = history.observe { entry in received.withLock { $0.append(entry.sample.timestamp.seconds) } }
    history.append(sample(at: 1))
    history.append(sample(at: 2))
    history.remove(observer)
    history.append(sample(at: 3))
    #expect(received.withLock { $0 } == [1, 2])
  }

  @Test func theFirstSampleIsWaitedFor() async {
    let history = History(capacity: 2, interval: 1)
    async let first = history.first()
    history.setPreview(sample(at: 1))
    history.append(sample(at: 2))
    #expect(await first.sample.timestamp.seconds == 2)
    #expect(await history.first().sample.timestamp.seconds == 2)
    #expect(history.preview?.sample.timestamp.seconds == 1)
  }
}
