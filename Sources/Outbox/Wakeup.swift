internal import Synchronization

/// Wakes a task that waits for something, or for a time.
final class Wakeup: Sendable {
  /// What it rings for.
  struct WakeupReason: OptionSet {
    let rawValue: UInt8
    /// There is a new sample.
    static let sample = WakeupReason(rawValue: 1)
    /// It is time to end.
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

  /// Wakes whoever waits for it, or who will.
  func signal(_ reason: WakeupReason) {
    let waiter = state.withLock { state in
      state.signaled.formUnion(reason)
      guard !state.wanted.isDisjoint(with: reason) else { return CheckedContinuation<Void, Never>?.none }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Whether it has rung for the end.
  var isEnd: Bool { state.withLock { $0.signaled.contains(.end) } }

  /// Forgets that it has rung for a reason.
  func clear(_ reason: WakeupReason) {
    state.withLock { $0.signaled.subtract(reason) }
  }

  /// Waits until it rings for one of `reasons`, has rung since the last wait for it, or `seconds` have passed; one task at a
  /// time.
  ///
  /// - Returns: the reasons for which it has rung.
  @discardableResult
  func wait(for reasons: WakeupReason, atMost seconds: Double = .infinity) async -> WakeupReason {
    let number = state.withLock { state in
      state.number += 1
      return state.number
    }
    var timer: Task<Void, Never>?
    if seconds < 1e9 {
      timer = Task { [weak self] in
        try? await Task.sleep(for: .seconds(max(0, seconds)))
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
    // The end stays.
    return state.withLock { state in
      defer { state.signaled.subtract(reasons.subtracting(.end)) }
      return state.signaled.intersection(reasons)
    }
  }

  private func expire(_ number: Int) {
    let waiter = state.withLock { state in
      guard state.number == number else { return CheckedContinuation<Void, Never>?.none }
      // Where the time is up before the wait has begun, it does not begin.
      state.number += 1
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }
}
