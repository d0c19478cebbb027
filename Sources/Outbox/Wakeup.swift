internal import Synchronization
internal import SystemIO

/// Wakes a task that waits for an event with a timeout.
final class Wakeup: Sendable {
  /// Reasons to wake.
  struct WakeupReason: OptionSet {
    let rawValue: UInt8
    /// A new sample.
    static let sample = WakeupReason(rawValue: 1)
    /// Shutdown.
    static let end = WakeupReason(rawValue: 2)
    /// The receiver closed the connection.
    static let disconnect = WakeupReason(rawValue: 4)
  }

  private struct State {
    var signaled: WakeupReason = []
    var wanted: WakeupReason = []
    var number = 0
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Wakes the waiting task, or the next one to wait for the reason.
  func signal(_ reason: WakeupReason) {
    let waiter = state.withLock { state in
      state.signaled.formUnion(reason)
      guard !state.wanted.isDisjoint(with: reason) else { return CheckedContinuation<Void, Never>?.none }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Whether the end was signaled.
  var isEnd: Bool { state.withLock { $0.signaled.contains(.end) } }

  /// Clears a signaled reason.
  func clear(_ reason: WakeupReason) {
    state.withLock { $0.signaled.subtract(reason) }
  }

  /// Waits until one of `reasons` is signaled, or was since the last wait for it, or until `seconds` have passed; only
  /// one task may wait.
  ///
  /// - Returns: the signaled reasons.
  @discardableResult
  func wait(for reasons: WakeupReason, atMost seconds: Double = .infinity) async -> WakeupReason {
    let number = state.withLock { state in
      state.number += 1
      return state.number
    }
    var timer: Task<Void, Never>?
    if seconds < 1e9 {
      timer = Task { [weak self] in
        try? await Task.pause(seconds: seconds)
        self?.expire(number)
      }
    }
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if !state.signaled.isDisjoint(with: reasons) || state.number != number { return true }
        state.wanted = reasons
        state.waiter = continuation
        return false
      }
      if isDue { continuation.resume() }
    }
    timer?.cancel()
    // The end stays signaled.
    return state.withLock { state in
      defer { state.signaled.subtract(reasons.subtracting(.end)) }
      return state.signaled.intersection(reasons)
    }
  }

  private func expire(_ number: Int) {
    let waiter = state.withLock { state in
      guard state.number == number else { return CheckedContinuation<Void, Never>?.none }
      // If the timeout precedes the wait, the wait does not start.
      state.number += 1
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }
}
