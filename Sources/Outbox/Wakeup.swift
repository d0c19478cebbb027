internal import Synchronization
internal import SystemIO

/// Wakes a task that waits for an event with a timeout.
package final class Wakeup: Sendable {
  /// Reasons to wake.
  package struct WakeupReason: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// A new sample.
    package static let sample = WakeupReason(rawValue: 1)
    /// Shutdown.
    package static let end = WakeupReason(rawValue: 2)
    /// The receiver closed the connection.
    package static let disconnect = WakeupReason(rawValue: 4)
    /// A change of an alert.
    package static let alert = WakeupReason(rawValue: 8)
  }

  private struct State {
    var signaled: WakeupReason = []
    var wanted: WakeupReason = []
    var number = 0
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  package init() {}

  /// Wakes the waiting task, or the next one to wait for the reason.
  package func signal(_ reason: WakeupReason) {
    let waiter = state.withLock { state in
      state.signaled.formUnion(reason)
      guard !state.wanted.isDisjoint(with: reason) else { return CheckedContinuation<Void, Never>?.none }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Whether the end was signaled.
  package var isEnd: Bool { state.withLock { $0.signaled.contains(.end) } }

  /// Clears a signaled reason.
  package func clear(_ reason: WakeupReason) {
    state.withLock { $0.signaled.subtract(reason) }
  }

  /// Waits until one of `reasons` is signaled, or was since the last wait for it, or until `seconds` have passed; only
  /// one task may wait.
  ///
  /// - Returns: the signaled reasons.
  @discardableResult
  package func wait(for reasons: WakeupReason, atMost seconds: Double = .infinity) async -> WakeupReason {
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
