internal import AgentMetrics

/// The dialog that sends a signal to a process.
struct SignalDialog: Equatable {
  /// The process as listed when the dialog was opened; its pid and start time identify it.
  var process: Process
  /// Running child processes; nil where not all processes are known.
  var children: Int?
  /// Number of processes in its folded row.
  var folded = 1
  /// Index of the signal in ``SignalChoice/all``.
  var selected = 0
  /// The number being typed; 0 without one.
  var typed: Int32 = 0
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

  var signal: SignalChoice { SignalChoice.all[min(max(0, selected), SignalChoice.all.count - 1)] }

  /// Restarts the delay of a confirmation after an ignored key.
  mutating func ignoreKey(at now: Double) {
    if isAsked, shown != nil { shown = now }
  }

  /// Selects a signal, then confirms it.
  ///
  /// - Parameter isBurst: whether the key came faster than typed.
  mutating func handle(_ key: KeyPress, isBurst: Bool, at now: Double) -> KeyResult {
    guard !isAsked else { return confirm(key, isBurst: isBurst, at: now) }
    if case .character(let scalar) = key, ("0"..."9").contains(scalar) {
      return type(digit: Int32(scalar.value) - 48) ? .changed : .ignored
    }
    typed = 0
    switch key {
    case .enter: isAsked = true
    case .escape, .character("q"): return .cancelled
    default:
      guard let next = key.move(in: SignalChoice.all.count, from: selected) else { return .ignored }
      selected = next
    }
    return .changed
  }

  /// Selects a signal by its number while that is typed; a digit that continues no number begins another.
  private mutating func type(digit: Int32) -> Bool {
    for number in [typed * 10 + digit, digit] {
      guard let place = SignalChoice.all.firstIndex(where: { $0.number == number }) else { continue }
      (selected, typed) = (place, number)
      return true
    }
    return false
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
