internal import Synchronization
internal import SystemIO

/// Something that is looked up elsewhere while the screen goes on: one look at a time, the last answer is kept.
final class Fetcher<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    /// What the value is of; another key makes it worthless.
    var key = 0
    var isBusy = false
    var started = -Double.infinity
    var duration = 0.0
  }

  private let state = Mutex(State())

  /// The last answer to this key.
  func value(key: Int = 0) -> Value? {
    state.withLock { $0.key == key ? $0.value : nil }
  }

  /// Whether an answer is awaited that should be there soon.
  var isAwaited: Bool {
    state.withLock { $0.isBusy && $0.duration < 0.2 }
  }

  /// Whether a new request is due: none is in flight, and the last began `interval` ago.
  ///
  /// Where an answer takes longer than the interval, the pause after it is as long.
  func begin(key: Int = 0, interval: Double, now: Double) -> Bool {
    state.withLock { state in
      let rest = max(interval, state.duration * 2)
      guard !state.isBusy, state.key != key || now - state.started >= rest - 0.2 else { return false }
      if state.key != key { state.value = nil }
      (state.key, state.isBusy, state.started) = (key, true, now)
      return true
    }
  }

  /// Takes the answer, nil where there is none, and how long it took.
  func end(key: Int = 0, _ value: Value?, duration: Double) {
    state.withLock { state in
      state.isBusy = false
      state.duration = duration
      if state.key == key { state.value = value }
    }
  }
}
