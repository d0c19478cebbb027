import AgentMetrics
import SampleStore
import Synchronization
import Testing

/// Tracks in the history, and their observers.
@Suite struct LiveTrackTests {
  private func sample(at seconds: Double) -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: seconds)
    reading.boottime = seconds
    return Sample(from: nil, to: reading)
  }

  private func timestamps(_ entries: [History.Entry]) -> [Double] { entries.map(\.sample.timestamp.seconds) }

  /// A main track of 10 s and live ones of 1 s (21…39) and 5 s (15…40).
  private func mixed() -> History {
    let history = History(capacity: 100, interval: 10)
    history.setLiveTracks([5, 1])
    for second in 0...60 {
      var samples: [(interval: Int, sample: Sample)] = []
      if (21...39).contains(second) { samples.append((1, sample(at: Double(second)))) }
      if second % 5 == 0, (15...40).contains(second) { samples.append((5, sample(at: Double(second)))) }
      if second % 10 == 0 { samples.append((10, sample(at: Double(second)))) }
      history.append(samples)
    }
    return history
  }

  @Test func theFinestOfEachStretch() {
    let history = mixed()
    #expect(timestamps(history.entries()) == [0, 10, 15, 20] + (21...39).map(Double.init) + [40, 50, 60])
    #expect(timestamps(history.entries(interval: 5)) == [0, 10, 15, 20, 25, 30, 35, 40, 50, 60])
    #expect(timestamps(history.entries(interval: 6)) == [0, 10, 20, 30, 40, 50, 60])
    #expect(timestamps(history.all) == [0, 10, 20, 30, 40, 50, 60])
    #expect(
      timestamps(history.entries(from: Timestamp(seconds: 19), to: Timestamp(seconds: 22.5))) == [20, 21, 22])
    #expect(history.entries(from: Timestamp(seconds: 61)).isEmpty)
  }

  @Test func theNewestAtAMoment() {
    let history = mixed()
    func at(_ seconds: Double) -> Double? { history.entry(at: Timestamp(seconds: seconds))?.sample.timestamp.seconds }
    #expect(at(-1) == nil)
    #expect(at(0) == 0 && at(9.9) == 0 && at(17) == 15 && at(33.3) == 33 && at(45) == 40 && at(1e9) == 60)
  }

  @Test func aLiveTrackKeepsItsLastThreeHundred() {
    let history = History(capacity: 10, interval: 1_000)
    history.setLiveTracks([1])
    for second in 1...700 { history.append([(1, sample(at: Double(second)))]) }
    #expect(timestamps(history.entries()) == (401...700).map(Double.init))
    #expect(history.newest(ofTrack: 1) === history.latest)
    // A track keeps its samples while it is live.
    history.setLiveTracks([1, 5])
    #expect(history.entries().count == 300)
    history.setLiveTracks([5])
    #expect(history.entries().isEmpty)
  }

  @Test("A sample of the main track fills the gap in front of a live track that has lost its oldest samples")
  func seam() {
    let history = History(capacity: 100, interval: 30)
    history.setLiveTracks([1])
    for second in 0...415 {
      var live = sample(at: Double(second))
      live.elapsed = 1
      var main = live
      main.elapsed = 30
      history.append([(1, live)] + (second % 30 == 0 ? [(30, main)] : []))
    }
    // The oldest live sample is of 116.
    #expect(timestamps(history.entries()) == [0, 30, 60, 90, 120] + (121...415).map(Double.init))
    #expect(history.entries()[4].sample.elapsed == 30)
  }

  @Test func eachHearsItsTrack() {
    let history = History(capacity: 10, interval: 10)
    let received = Mutex<[String]>([])
    history.setLiveTracks([1])
    let live = history.observe(track: 1) { entry in
      received.withLock { $0.append("live \(entry.sample.timestamp.seconds)") }
    }
    let observer = history.observe { entry in
      received.withLock { $0.append("observer \(entry.sample.timestamp.seconds)") }
    }
    history.append([(1, sample(at: 9))])
    history.append([(1, sample(at: 10)), (10, sample(at: 10))])
    history.remove(live)
    history.append([(1, sample(at: 11))])
    history.remove(observer)
    #expect(received.withLock { $0.sorted() } == ["live 10.0", "live 9.0", "observer 10.0"])
    #expect(history.latest?.sample.timestamp.seconds == 11)
  }
}
