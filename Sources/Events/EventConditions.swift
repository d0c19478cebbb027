internal import AgentMetrics

/// A condition of one object, as one sample shows it.
struct EventCondition {
  /// Kind of the event at its beginning; ``EventKind/end`` is that at its end.
  let begin: EventKind
  /// Object, unique for the kind.
  let subject: String
  /// Distinguishes conditions of one object and kind.
  var aspect = ""
  /// Whether it holds; nil where the sample does not show it.
  let holds: Bool?
  /// Seconds without it after which it ends.
  var quiet = 0.0
  var severity: EventSeverity?
  /// Description of its beginning.
  let beginText: () -> String
  /// Description of its end, given how long it lasted in words; empty where that is unknown.
  let endText: (String) -> String
}

/// Conditions that hold, by object: makes an event of each beginning and each end.
///
/// A condition that holds when its object is first seen has begun at an unknown time: that makes no event.
struct EventConditions {
  private struct Key: Hashable {
    let kind: EventKind
    let subject: String
    let aspect: String
  }

  private struct State {
    /// POSIX time of its beginning; NaN where unknown, nil while it does not hold.
    var began: Double?
    /// When it held last, by a clock without steps.
    var heldAt = -Double.infinity
    /// POSIX time of the first sample without it since; nil while it holds.
    var cleared: Double?
    /// Number of the last sample with its object.
    var seen = 0
  }

  private var states: [Key: State] = [:]
  private var round = 0
  /// Samples without an object after which it is forgotten.
  private static let patience = 10
  /// Maximum number of objects; further ones are ignored.
  private static let maxStates = 20_000

  /// Evaluates the conditions of one sample.
  ///
  /// - Parameters:
  ///   - time: POSIX time of the sample.
  ///   - now: the same by a clock without steps.
  mutating func evaluate(_ conditions: [EventCondition], time: Double, now: Double) -> [MachineEvent] {
    round += 1
    var events: [MachineEvent] = []
    for condition in conditions {
      let key = Key(kind: condition.begin, subject: condition.subject, aspect: condition.aspect)
      let known = states[key]
      guard known != nil || states.count < Self.maxStates else { continue }
      // An object without a value stays unknown.
      guard known != nil || condition.holds != nil else { continue }
      var state = known ?? State()
      state.seen = round
      if condition.holds == true {
        if state.began == nil {
          state.began = known == nil ? .nan : time
          if known != nil { events.append(begin(condition, time)) }
        }
        (state.heldAt, state.cleared) = (now, nil)
      } else if condition.holds == false, let began = state.began {
        let cleared = state.cleared ?? time
        state.cleared = cleared
        if now - state.heldAt >= condition.quiet {
          state.began = nil
          if let event = end(condition, time, lasted: cleared - began) { events.append(event) }
        }
      }
      states[key] = state
    }
    if round % Self.patience == 0 { states = states.filter { round - $0.value.seen < Self.patience } }
    return events
  }

  private func begin(_ condition: EventCondition, _ time: Double) -> MachineEvent {
    var event = MachineEvent(condition.begin, at: time, subject: condition.subject, condition.beginText())
    event.severity = condition.severity ?? event.severity
    return event
  }

  private func end(_ condition: EventCondition, _ time: Double, lasted: Double) -> MachineEvent? {
    guard let kind = condition.begin.end else { return nil }
    let length = lasted >= 0 ? EventText.duration(lasted) : ""
    var event = MachineEvent(kind, at: time, subject: condition.subject, condition.endText(length))
    // The clock may have been set meanwhile.
    if lasted >= 0 { event.duration = lasted }
    return event
  }
}
