internal import Synchronization
internal import SystemIO

/// Fetches values in the background: one request at a time, with a cache of the last answer.
final class Fetcher<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    /// Subject of the value; a value with another key is invalid.
    var key = 0
    var isBusy = false
    var started = -Double.infinity
    var duration = 0.0
  }

  private let state = Mutex(State())

  /// Returns the last answer for a key.
  func value(key: Int = 0) -> Value? {
    state.withLock { $0.key == key ? $0.value : nil }
  }

  /// Whether a fast answer is pending.
  var isAwaited: Bool {
    state.withLock { $0.isBusy && $0.duration < 0.2 }
  }

  /// Whether a new request is due: none is in flight, and the last began `interval` ago.
  ///
  /// If an answer takes longer than the interval, the pause after it is as long.
  func begin(key: Int = 0, interval: Double, now: Double) -> Bool {
    state.withLock { state in
      let rest = max(interval, state.duration * 2)
      guard !state.isBusy, state.key != key || now - state.started >= rest - 0.2 else { return false }
      if state.key != key { state.value = nil }
      (state.key, state.isBusy, state.started) = (key, true, now)
      return true
    }
  }

  /// Stores an answer, nil for a failure, and its duration.
  func end(key: Int = 0, _ value: Value?, duration: Double) {
    state.withLock { state in
      state.isBusy = false
      state.duration = duration
      if state.key == key { state.value = value }
    }
  }
}
