import AgentMetrics
import SampleStore
import Synchronization
import Testing

@testable import Collect

/// Tracks that watches request, and wakeups of the sampler.
@Suite struct SamplingDemandTests {
  private func sample(at seconds: Double) -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: seconds)
    reading.boottime = seconds
    return Sample(from: nil, to: reading)
  }

  @Test func aTrackEndsAMinuteAfterItsLastWatcher() {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    #expect(demand.wantedIntervals(at: 0) == [])
    let first = demand.watch(interval: 1)
    var second: Watch? = demand.watch(interval: 1)
    let other = demand.watch(interval: 5)
    history.append([(1, sample(at: 1))])
    first.end()
    first.end()
    #expect(demand.wantedIntervals(at: 100) == [1, 5])
    #expect(demand.wantedIntervals(at: 1_000) == [1, 5])
    _ = second
    second = nil
    #expect(demand.wantedIntervals(at: 1_001) == [1, 5])
    #expect(demand.wantedIntervals(at: 1_060.9) == [1, 5])
    // A watcher comes back in time, and the minute starts over.
    let third = demand.watch(interval: 1)
    #expect(demand.wantedIntervals(at: 1_061) == [1, 5])
    third.end()
    #expect(demand.wantedIntervals(at: 1_062) == [1, 5])
    #expect(demand.wantedIntervals(at: 1_122) == [5])
    #expect(history.entries().isEmpty)
    other.end()
  }

  @Test func fromTheHistorysIntervalOnItIsTheMainTrack() {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    let received = Mutex<[Double]>([])
    let watches = [30, 31, 86_400, .max].map { interval in
      demand.watch(interval: interval) { entry in received.withLock { $0.append(entry.sample.timestamp.seconds) } }
    }
    #expect(watches.map(\.interval) == [30, 30, 30, 30])
    #expect(demand.wantedIntervals(at: 0) == [])
    // Optimized code ends them before.
    withExtendedLifetime(watches) { history.append(sample(at: 30)) }
    #expect(received.withLock { $0 } == [30, 30, 30, 30])
    #expect(demand.watch(interval: -5).interval == 1)
  }

  @Test func tracksAreFewAndTheNearestStandsIn() {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    var watches = [2, 10, 4, 20].map { demand.watch(interval: $0) }
    #expect(demand.wantedIntervals(at: 0) == [2, 4, 10, 20])
    #expect([3, 1, 15, 29, 10].map { demand.watch(interval: $0).interval } == [2, 2, 10, 20, 10])
    // A track without a watcher is replaced immediately.
    watches.removeFirst()
    watches.append(demand.watch(interval: 1))
    #expect(demand.wantedIntervals(at: 0) == [1, 4, 10, 20])
  }

  @Test func aWatchWakesTheSampler() {
    let history = History(capacity: 10, interval: 10)
    let demand = SamplingDemand(history)
    let woken = Mutex(0)
    demand.setWake({ woken.withLock { $0 += 1 } }, now: { 0 })
    let watch = demand.watch(interval: 1)
    #expect(woken.withLock { $0 } == 1)
    watch.end()
  }
}
