internal import AgentMetrics

/// The dialog that sends a signal to a process.
struct SignalDialog: Equatable {
  /// The process as listed when the dialog was opened; its pid and start time identify it.
  var process: Process
  /// Running child processes; nil where not all processes are known.
  var children: Int?
  /// Number of processes in its folded row.
  var folded = 1
  /// Index of the signal in ``SignalChoice``.
  var selected = 0
  /// Whether the chosen signal awaits confirmation.
  var isAsked = false
  /// Monotonic time at which the confirmation became visible, or a key was ignored; nil before.
  var shown: Double?

  /// Further processes that the signal goes to.
  var others: [Process] = []

  /// Minimum seconds that a confirmation is visible without other keys before it is accepted.
  static let delay = 0.3

  /// Result of a key.
  enum KeyResult: Equatable {
    case ignored, changed, cancelled, declined
    case confirmed(SignalChoice)
  }

  private var signal: SignalChoice { SignalChoice.allCases[min(selected, SignalChoice.allCases.count - 1)] }

  /// Restarts the delay of a confirmation after an ignored key.
  mutating func ignoreKey(at now: Double) {
    if isAsked, shown != nil { shown = now }
  }

  /// Selects a signal, then confirms it.
  ///
  /// - Parameter isBurst: whether the key came faster than typed.
  mutating func handle(_ key: KeyPress, isBurst: Bool, at now: Double) -> KeyResult {
    guard !isAsked else { return confirm(key, isBurst: isBurst, at: now) }
    switch key {
    case .up: selected = max(0, selected - 1)
    case .down: selected = min(SignalChoice.allCases.count - 1, selected + 1)
    case .enter: isAsked = true
    case .escape, .character("q"): return .cancelled
    default: return .ignored
    }
    return .changed
  }

  private mutating func confirm(_ key: KeyPress, isBurst: Bool, at now: Double) -> KeyResult {
    if key == .escape { return .declined }
    // A key typed ahead or pasted does not answer the visible question.
    guard !isBurst, let shown, now - shown >= Self.delay else {
      ignoreKey(at: now)
      return .ignored
    }
    // Only y: Enter is pressed twice too easily.
    return key == .character("y") || key == .character("Y") ? .confirmed(signal) : .declined
  }
}

/// Signals that can be sent, by name.
enum SignalChoice: CaseIterable {
  case terminate, kill, interrupt, hangup, stop, go, quit, user1, user2

  var name: String {
    switch self {
    case .terminate: "TERM"
    case .kill: "KILL"
    case .interrupt: "INT"
    case .hangup: "HUP"
    case .stop: "STOP"
    case .go: "CONT"
    case .quit: "QUIT"
    case .user1: "USR1"
    case .user2: "USR2"
    }
  }

  var meaning: String {
    switch self {
    case .terminate: "terminate gracefully"
    case .kill: "kill immediately"
    case .interrupt: "interrupt, as Ctrl-C"
    case .hangup: "hang up: reload or terminate"
    case .stop: "suspend"
    case .go: "resume"
    case .quit: "quit with a core dump"
    case .user1, .user2: "user-defined"
    }
  }
}
