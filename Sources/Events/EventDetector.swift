package import AgentMetrics

/// Detects events in a sequence of samples: a state and a sample in, events out.
///
/// An event is a change. A condition that holds in the first sample, or when its object is first seen, has begun at an
/// unknown time and makes no event; an alert says when it began.
package struct EventDetector: Sendable {
  /// Origin of the samples.
  package enum Origin: Sendable {
    /// The sampler's, or stored samples as they were taken.
    case samples
    /// Means over steps: their uptimes do not fit their times.
    case means
  }

  private let interval: Double
  private let origin: Origin
  private var previous: Sample?
  /// Whether the next sample is the first one of another process than the previous one's.
  private var isResumed = false
  private var conditions = EventConditions()
  private var workloads = WorkloadWatch()
  private var limiter = EventLimiter()

  /// - Parameter interval: nominal seconds between two samples.
  package init(interval: Double, origin: Origin = .samples) {
    self.interval = max(1, interval)
    self.origin = origin
  }

  /// Continues after the last sample of an earlier agent on this machine.
  package mutating func resume(after sample: Sample) {
    _ = next(sample)
    isResumed = true
  }

  /// Compares the next sample with the one before.
  ///
  /// - Parameter reading: source of the sample; adds ended workloads and the victims of OOM kills.
  package mutating func next(_ sample: Sample, _ reading: Reading? = nil) -> [MachineEvent] {
    let time = sample.timestamp.seconds
    let now = sample.boottime.isFinite ? sample.boottime : time
    guard time.isFinite else { return [] }
    // The store may have been another machine's.
    let isOther = isResumed && (previous?.host.hostname != sample.host.hostname || sample.host.isDemo)
    guard let old = isOther ? nil : previous else {
      isResumed = false
      previous = sample
      _ = conditions.evaluate(EventRules.conditions(sample), time: time, now: now)
      if let reading = reading?.workloads { _ = workloads.update(reading, time: time, interval: interval) }
      return limiter.admit(SampleChange.alerts(ofFirst: sample), time: time, now: now)
    }
    let change = SampleChange(old, sample, interval: interval, isResumed: isResumed, isMeans: origin == .means)
    // Samples of one tick, which the tracks share.
    if !isResumed, !change.hasRebooted, old.boottime.isFinite, sample.boottime <= old.boottime { return [] }
    defer { (previous, isResumed) = (sample, false) }
    var events = change.ofMachine()
    var changes = reading?.workloads.map { workloads.update($0, time: time, interval: interval) }
    if changes == nil, !change.hasRebooted { changes = change.ofListedWorkloads() }
    if !change.hasRebooted {
      events += OOMKills(change, changes ?? WorkloadWatch.Changes(), reading).events
      events += change.ofGPUs() + change.ofDisks() + change.ofFilesystems()
    }
    events += changes?.events ?? []
    events += change.ofAlerts()
    events += conditions.evaluate(EventRules.conditions(sample), time: time, now: now)
    return limiter.admit(events, time: time, now: now)
  }
}
