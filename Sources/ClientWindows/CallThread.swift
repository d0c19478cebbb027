internal import SystemIO

/// A thread that runs the blocking calls of one exchange, in order.
final class CallThread: Sendable {
  /// Waiting calls; nil after the end.
  private let calls = Condition<[@Sendable () -> Void]?>([])

  /// Returns nil where the system has no more threads.
  init?() {
    let isStarted = Thread.start("winhttp") { [calls] in
      while true {
        let next = calls.wait { calls -> (@Sendable () -> Void)?? in
          guard calls != nil else { return .some(nil) }
          return calls?.isEmpty == false ? calls?.removeFirst() : nil
        }
        guard let call = next ?? nil else { return }
        call()
      }
    }
    if !isStarted { return nil }
  }

  /// Runs a call and returns its result; call it before ``end(_:)``.
  func run<Result: Sendable>(_ call: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      submit { continuation.resume(returning: call()) }
    }
  }

  /// Runs a last call without waiting for it, and ends the thread.
  func end(_ call: @escaping @Sendable () -> Void) {
    submit { [calls] in
      call()
      calls.update { $0 = nil }
    }
  }

  private func submit(_ call: @escaping @Sendable () -> Void) {
    calls.update { $0?.append(call) }
  }
}
