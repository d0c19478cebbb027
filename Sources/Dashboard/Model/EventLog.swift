internal import AgentMetrics
internal import Events
internal import Query
internal import SampleStore

/// Events of a sequence of samples; each sample is examined once.
///
/// They are those that the samples report. Samples without any report, as of a recording, an earlier agent or a simulated
/// past, are compared by the agent's own detector.
struct EventLog {
  /// Metrics that events are derived from where an archive has samples without their events.
  static let metrics = [
    "host.uptime_seconds", "agent.cpu_seconds_total", "ram.oom_kills_total", "cgroup.oom_kills_total",
    "cgroup.throttled", "gpus.index", "gpus.xid", "gpus.ecc_uncorrected_total",
  ]

  /// Events, oldest first.
  private(set) var events: [MachineEvent] = []
  /// Whether some are by the own detector.
  ///
  /// It begins with the oldest sample in memory: a throttling that began before it, begins there.
  private(set) var isDerived = false
  private var detector: EventDetector
  private var known: Set<EventKey> = []
  private var first = Double.nan
  private var last: History.Entry?
  private let interval: Double
  private let origin: EventDetector.Origin

  /// - Parameter interval: nominal seconds between two samples.
  init(interval: Int, origin: EventDetector.Origin = .samples) {
    self.interval = Double(max(1, interval))
    self.origin = origin
    detector = EventDetector(interval: self.interval, origin: origin)
  }

  /// Examines the new samples, oldest first.
  mutating func update(_ entries: [History.Entry]) {
    guard let oldest = entries.first else { return }
    // Older samples have been added: start over.
    if !(oldest.sample.timestamp.seconds >= first) { self = EventLog(interval: Int(interval), origin: origin) }
    first = oldest.sample.timestamp.seconds
    let seen = last.map { Self.instant($0.sample) } ?? -.infinity
    var index = entries.count
    while index > 0, Self.instant(entries[index - 1].sample) > seen { index -= 1 }
    for entry in entries[index...] {
      let derived = detector.next(entry.sample)
      if entry.sample.events == nil { isDerived = true }
      for event in entry.sample.events?.new ?? derived where known.insert(EventKey(event)).inserted {
        events.append(event)
      }
      last = entry
    }
    // Removes events that are older than the history.
    let start = first
    guard events.contains(where: { $0.time < start }) else { return }
    events.removeAll { $0.time < start }
    known = Set(events.map(EventKey.init))
  }

  /// By the clock that is never set, where it is known.
  private static func instant(_ sample: Sample) -> Double {
    sample.boottime.isFinite ? sample.boottime : sample.timestamp.seconds
  }
}

extension EventKind {
  /// The letter on the axis; nil for the end of something, which is a dot.
  var mark: Unicode.Scalar? {
    switch self {
    case .reboot: "B"
    case .agentRestart: "A"
    case .gap: "G"
    case .clockStep: "C"
    case .outOfMemory: "O"
    case .xid: "X"
    case .ecc: "E"
    case .recovery: "R"
    case .gpuLost: "L"
    case .throttleBegin: "T"
    case .filesystemFull, .filesystemHung, .filesystemReadOnly: "F"
    case .diskErrors: "D"
    case .linkDown: "N"
    case .workloadEnded, .workloadRestart, .workloadLoop: "W"
    case .alertFiring: "!"
    case .other: "*"
    case .gpuBack, .throttleEnd, .filesystemNotFull, .filesystemBack, .filesystemWritable, .linkUp, .alertResolved: nil
    }
  }
}

extension MachineEvent {
  var style: Style {
    switch severity {
    case .critical: .critical
    case .warning: .warning
    case .info: .muted
    }
  }
}
