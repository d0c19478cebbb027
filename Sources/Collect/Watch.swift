package import SampleStore

/// A client's request for samples: while it lives, samples are taken at least as often as requested.
package final class Watch: Sendable {
  /// Seconds between its samples; usually the requested interval (``SamplingDemand/watch(interval:_:)``).
  package let interval: Int
  private let demand: SamplingDemand
  private let observer: Int

  init(_ demand: SamplingDemand, interval: Int, observer: Int) {
    self.demand = demand
    self.interval = interval
    self.observer = observer
  }

  deinit {
    end()
  }

  /// Ends the watch; idempotent.
  package func end() {
    demand.end(observer)
  }

  /// Sets whether scans of the processes include threads of active ones, and of some processes even if idle.
  package func wantThreads(_ isWanted: Bool, of processes: Set<Int32> = []) {
    demand.setThreads(isWanted, of: processes, observer: observer)
  }

  /// The newest sample of its track; nil before the first.
  package var newest: History.Entry? { demand.history.newest(ofTrack: interval) }
}
