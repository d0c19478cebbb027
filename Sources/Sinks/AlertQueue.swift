internal import Alerts
internal import Outbox
internal import Synchronization
internal import SystemIO

/// Changes of alerts that wait for one receiver: many writers, one sending task.
final class AlertQueue: Sendable {
  /// Maximum number of waiting changes, the begin and the end of 200 alerts; the oldest is dropped for a new one.
  static let capacity = 400

  private struct State {
    var waiting: [AlertChange] = []
    /// The change that the task sends now.
    var current: AlertChange?
    var isFinished = false
    var isAbandoned = false
  }

  private let state = Mutex(State())
  private let wakeup = Wakeup()
  private let onDrop: @Sendable (AlertChange) -> Void

  /// - Parameter onDrop: receives the changes that are dropped.
  init(onDrop: @escaping @Sendable (AlertChange) -> Void) {
    self.onDrop = onDrop
  }

  /// Adds a change, unless the queue is finished.
  func add(_ change: AlertChange) {
    let dropped: AlertChange? = state.withLock { state in
      guard !state.isFinished else { return nil }
      state.waiting.append(change)
      return state.waiting.count > Self.capacity ? state.waiting.removeFirst() : nil
    }
    if let dropped { onDrop(dropped) }
    wakeup.signal(.alert)
  }

  /// Takes the oldest change, if any.
  func next() -> AlertChange? {
    state.withLock { state in
      guard !state.waiting.isEmpty else { return nil }
      state.current = state.waiting.removeFirst()
      return state.current
    }
  }

  /// Ends the sending of the change that was taken; returns false if it was abandoned meanwhile.
  @discardableResult
  func complete() -> Bool {
    state.withLock { state in
      state.current = nil
      return !state.isAbandoned
    }
  }

  /// Takes no more changes.
  func finish() {
    state.withLock { $0.isFinished = true }
    wakeup.signal(.alert)
  }

  /// Gives up; returns the changes that were not delivered.
  func abandon() -> [AlertChange] {
    let changes = state.withLock { state in
      defer { state = State(isFinished: true, isAbandoned: true) }
      return (state.current.map { [$0] } ?? []) + state.waiting
    }
    wakeup.signal(.end)
    return changes
  }

  /// Whether it takes no more changes.
  var isFinished: Bool { state.withLock { $0.isFinished } }
  /// Whether it was given up.
  var isAbandoned: Bool { state.withLock { $0.isAbandoned } }
  /// Whether it takes no more changes, and has none.
  var hasEnded: Bool { state.withLock { $0.isFinished && $0.waiting.isEmpty } }

  /// Waits for a change or the end, until a time of the monotonic clock.
  func wait(until time: Double) async {
    await wakeup.wait(for: [.alert, .end], atMost: time - Clock.monotonic)
  }

  /// Waits until the queue is given up, or until a time of the monotonic clock.
  func waitForAbandonment(until time: Double) async {
    await wakeup.wait(for: .end, atMost: time - Clock.monotonic)
  }
}
