internal import AgentMetrics

/// Rate limit of events: one a minute for each kind and object, 20 a minute for each kind.
///
/// Further ones are counted in an event after the minute.
struct EventLimiter {
  static let period = 60.0
  static let maxPerKind = 20
  /// Maximum number of objects that are watched at a time.
  private static let maxSubjects = 2_000

  private struct Key: Hashable {
    let kind: EventKind
    let subject: String
    /// A harmful event must not wait behind a harmless one.
    let severity: EventSeverity
  }

  private struct SubjectState {
    var last: Double
    /// Newest event that was held back, with the sum of the counts.
    var held: MachineEvent?
    var repeats = 0
  }

  private struct KindState {
    var begin: Double
    var passed = 0
    /// Number of events that were held back.
    var dropped = 0
  }

  private var subjects: [Key: SubjectState] = [:]
  private var kinds: [EventKind: KindState] = [:]

  /// Returns the events within the limits, oldest first, with summaries of earlier events beyond them.
  ///
  /// - Parameters:
  ///   - time: POSIX time of the sample.
  ///   - now: the same by a clock without steps.
  mutating func admit(_ events: [MachineEvent], time: Double, now: Double) -> [MachineEvent] {
    guard !events.isEmpty || !subjects.isEmpty || !kinds.isEmpty else { return [] }
    var passed = release(time: time, now: now)
    for event in events {
      let key = Key(kind: event.kind, subject: event.subject, severity: event.severity)
      if let known = subjects[key], now - known.last < Self.period {
        hold(event, key)
      } else if pass(event, now) {
        if subjects.count < Self.maxSubjects { subjects[key] = SubjectState(last: now) }
        passed.append(event)
      }
    }
    return passed
  }

  /// Returns the summaries of the minutes that have passed.
  private mutating func release(time: Double, now: Double) -> [MachineEvent] {
    var released: [MachineEvent] = []
    for (key, state) in subjects where now - state.last >= Self.period {
      subjects[key] = nil
      guard var event = state.held else { continue }
      subjects[key] = SubjectState(last: now)
      event.time = time
      if state.repeats > 1 { event.text += " (\(state.repeats) times)" }
      released.append(event)
    }
    for (kind, state) in kinds where now - state.begin >= Self.period {
      kinds[kind] = nil
      guard state.dropped > 0 else { continue }
      var event = MachineEvent(kind, at: time, "\(state.dropped) more within a minute: " + kind.title)
      event.count = state.dropped
      released.append(event)
    }
    return released.sorted { ($0.kind.rawValue, $0.subject) < ($1.kind.rawValue, $1.subject) }
  }

  private mutating func hold(_ event: MachineEvent, _ key: Key) {
    var event = event
    event.count += subjects[key]?.held?.count ?? 0
    subjects[key]?.held = event
    subjects[key]?.repeats += 1
  }

  private mutating func pass(_ event: MachineEvent, _ now: Double) -> Bool {
    var state = kinds[event.kind] ?? KindState(begin: now)
    defer { kinds[event.kind] = state }
    guard state.passed < Self.maxPerKind else {
      state.dropped += event.count
      return false
    }
    state.passed += 1
    return true
  }
}
