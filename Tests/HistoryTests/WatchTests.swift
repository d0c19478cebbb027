import AgentMetrics
import Synchronization
import Testing

@testable import History

/// Tracks in the history, and their observers.
@Suite struct WatchTests {
  private func sample(at seconds: Double) -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: seconds)
    reading.boottime = seconds
    return Sample(from: nil, to: reading)
  }

  private func timestamps(_ entries: [History.Entry]) -> [Double] { entries.map(\.sample.timestamp.seconds) }

  /// A main track of 10 s and live ones of 1 s (21…39) and 5 s (15…40).
  private func mixed() -> (History, [History.Watch]) {
    let history = History(capacity: 100, interval: 10)
    let watches = [history.watch(interval: 1), history.watch(interval: 5)]
    for second in 0...60 {
      var samples: [(interval: Int, sample: Sample)] = []
      if (21...39).contains(second) { samples.append((1, sample(at: Double(second)))) }
      if second % 5 == 0, (15...40).contains(second) { samples.append((5, sample(at: Double(second)))) }
      if second % 10 == 0 { samples.append((10, sample(at: Double(second)))) }
      history.append(samples)
    }
    return (history, watches)
  }

  @Test func theFinestOfEachStretch() {
    let (history, _) = mixed()
    #expect(timestamps(history.entries()) == [0, 10, 15, 20] + (21...39).map(Double.init) + [40, 50, 60])
    #expect(timestamps(history.entries(interval: 5)) == [0, 10, 15, 20, 25, 30, 35, 40, 50, 60])
    #expect(timestamps(history.entries(interval: 6)) == [0, 10, 20, 30, 40, 50, 60])
    #expect(timestamps(history.all) == [0, 10, 20, 30, 40, 50, 60])
    #expect(
      timestamps(history.entries(from: Timestamp(seconds: 19), to: Timestamp(seconds: 22.5))) == [20, 21, 22])
    #expect(history.entries(from: Timestamp(seconds: 61)).isEmpty)
  }

  @Test func theNewestAtAMoment() {
    let (history, _) = mixed()
    func at(_ seconds: Double) -> Double? { history.entry(at: Timestamp(seconds: seconds))?.sample.timestamp.seconds }
    #expect(at(-1) == nil)
    #expect(at(0) == 0 && at(9.9) == 0 && at(17) == 15 && at(33.3) == 33 && at(45) == 40 && at(1e9) == 60)
  }

  @Test func aLiveTrackKeepsItsLastThreeHundred() {
    let history = History(capacity: 10, interval: 1_000)
    let watch = history.watch(interval: 1)
    for second in 1...700 { history.append([(1, sample(at: Double(second)))]) }
    #expect(timestamps(history.entries()) == (401...700).map(Double.init))
    #expect(watch.newest === history.latest)
  }

  @Test func aTrackEndsAMinuteAfterItsLastWatcher() {
    let history = History(capacity: 10, interval: 30)
    #expect(history.wantedIntervals(at: 0) == [])
    let first = history.watch(interval: 1)
    var second: History.Watch? = history.watch(interval: 1)
    let other = history.watch(interval: 5)
    history.append([(1, sample(at: 1))])
    first.end()
    first.end()
    #expect(history.wantedIntervals(at: 100) == [1, 5])
    #expect(history.wantedIntervals(at: 1_000) == [1, 5])
    _ = second
    second = nil
    #expect(history.wantedIntervals(at: 1_001) == [1, 5])
    #expect(history.wantedIntervals(at: 1_060.9) == [1, 5])
    // A watcher comes back in time, and the minute starts over.
    let third = history.watch(interval: 1)
    #expect(history.wantedIntervals(at: 1_061) == [1, 5])
    third.end()
    #expect(history.wantedIntervals(at: 1_062) == [1, 5])
    #expect(history.wantedIntervals(at: 1_122) == [5])
    #expect(history.entries().isEmpty)
    other.end()
  }

  @Test func fromTheHistorysIntervalOnItIsTheMainTrack() {
    let history = History(capacity: 10, interval: 30)
    let received = Mutex<[Double]>([])
    let watches = [30, 31, 86_400, .max].map { interval in
      history.watch(interval: interval) { entry in received.withLock { $0.append(entry.sample.timestamp.seconds) } }
    }
    #expect(watches.map(\.interval) == [30, 30, 30, 30])
    #expect(history.wantedIntervals(at: 0) == [])
    history.append(sample(at: 30))
    #expect(received.withLock { $0 } == [30, 30, 30, 30])
    #expect(history.watch(interval: -5).interval == 1)
  }

  @Test func tracksAreFewAndTheNearestStandsIn() {
    let history = History(capacity: 10, interval: 30)
    var watches = [2, 10, 4, 20].map { history.watch(interval: $0) }
    #expect(history.wantedIntervals(at: 0) == [2, 4, 10, 20])
    #expect([3, 1, 15, 29, 10].map { history.watch(interval: $0).interval } == [2, 2, 10, 20, 10])
    // A track without a watcher is replaced immediately.
    watches.removeFirst()
    watches.append(history.watch(interval: 1))
    #expect(history.wantedIntervals(at: 0) == [1, 4, 10, 20])
  }

  @Test func eachHearsItsTrack() {
    let history = History(capacity: 10, interval: 10)
    let received = Mutex<[String]>([])
    let watch = history.watch(interval: 1) { entry in
      received.withLock { $0.append("watch \(entry.sample.timestamp.seconds)") }
    }
    let observer = history.observe { entry in
      received.withLock { $0.append("observer \(entry.sample.timestamp.seconds)") }
    }
    history.append([(1, sample(at: 9))])
    history.append([(1, sample(at: 10)), (10, sample(at: 10))])
    watch.end()
    history.append([(1, sample(at: 11))])
    history.remove(observer)
    #expect(received.withLock { $0.sorted() } == ["observer 10.0", "watch 10.0", "watch 9.0"])
    #expect(history.latest?.sample.timestamp.seconds == 11)
  }

  @Test func aWatchWakesTheSampler() {
    let history = History(capacity: 10, interval: 10)
    let woken = Mutex(0)
    history.setWake({ woken.withLock { $0 += 1 } }, now: { 0 })
    let watch = history.watch(interval: 1)
    #expect(woken.withLock { $0 } == 1)
    watch.end()
  }
}
