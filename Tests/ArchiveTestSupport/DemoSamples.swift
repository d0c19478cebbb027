package import AgentMetrics
internal import CollectDemo

/// Samples of the demo machine, which does the same at the same time.
package struct DemoSamples: Sequence, IteratorProtocol {
  private let collector = DemoCollector(version: "1.0")
  private let interval: Double
  private var previous = Reading()
  private var current = Reading()
  private var time: Double

  /// Samples from `start` on, the first of them one interval later.
  package init(from start: Double = 1_790_000_000, interval: Double = 30) {
    self.interval = interval
    time = start
    _ = next()
  }

  /// The next sample.
  package mutating func next() -> Sample? {
    swap(&previous, &current)
    current.timestamp = Timestamp(seconds: time)
    current.monotonic = time - 1e9
    current.boottime = time - 1e9
    do { try collector.read(into: &current) } catch { return nil }
    time += interval
    return Sample(from: previous.monotonic.isNaN ? nil : previous, to: current)
  }
}
