package import AgentMetrics
internal import Synchronization

/// The events of a running agent: the sampler detects them, outputs read them.
package final class EventBoard: Sendable {
  private struct State {
    var detector: EventDetector
    /// Newest events, oldest first.
    var recent: [MachineEvent] = []
    var counts = EventKind.detected.map { EventCount($0, total: 0) }
    var since = Double.nan
  }

  /// Maximum number of events in memory.
  static let capacity = 1_000

  private let state: Mutex<State>
  private let past: @Sendable () -> [Sample]

  /// - Parameters:
  ///   - interval: nominal seconds between two samples.
  ///   - past: samples before the first one whose events were not detected yet, as of a simulated machine.
  package init(interval: Int, past: @escaping @Sendable () -> [Sample] = { [] }) {
    state = Mutex(State(detector: EventDetector(interval: Double(interval))))
    self.past = past
  }

  /// Continues after the last stored sample of an earlier agent on this machine, so that a reboot and a restart are seen.
  package func resume(after sample: Sample) {
    state.withLock { $0.detector.resume(after: sample) }
  }

  /// Detects the events between the previous sample and this one, and writes those of its interval into it.
  ///
  /// Samples of all tracks are compared with each other, so that an event is seen as early as possible, and once.
  package func update(_ sample: inout Sample, _ reading: Reading?) {
    let time = sample.timestamp.seconds
    sample.events = state.withLock { state in
      if state.since.isNaN {
        let past = past()
        state.since = past.first?.timestamp.seconds ?? time
        for sample in past { state.recent += state.detector.next(sample) }
      }
      for event in state.detector.next(sample, reading) {
        state.recent.append(event)
        if let index = EventKind.detected.firstIndex(of: event.kind) { state.counts[index].total += 1 }
      }
      if state.recent.count > Self.capacity { state.recent.removeFirst(state.recent.count - Self.capacity) }
      var events = MachineEvents()
      events.counts = state.counts
      let length = sample.elapsed.isFinite ? max(sample.elapsed, 0) : 0
      // Timestamps are whole seconds; a sample's interval is slightly longer or shorter.
      let start = time - length + min(0.25, length / 2)
      events.new = state.recent.suffix(Self.maxInSample).filter { $0.time == time || $0.time > start && $0.time < time }
      return events
    }
  }

  /// Maximum number of events in a sample; the store and the API have all.
  private static let maxInSample = 500

  /// Events in memory, oldest first.
  package var recent: [MachineEvent] { state.withLock { $0.recent } }

  /// POSIX time of the first sample; NaN before it.
  package var since: Double { state.withLock { $0.since } }
}
