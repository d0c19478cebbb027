internal import SystemIO

/// A thread that runs the blocking calls of one exchange, in order.
final class CallThread: Sendable {
  /// Waiting calls; nil after the end.
  private let calls = Condition<[@Sendable () -> Void]?>([])

  /// Returns nil where the system has no more threads.
  init?() {
    let isStarted = Thread.start("winhttp") { [calls] in
      while let call = calls.wait({ Self.next(of: &$0) })?.call { call() }
    }
    if !isStarted { return nil }
  }

  private struct Next {
    /// nil at the end.
    var call: (@Sendable () -> Void)?
  }

  /// Returns the next step; nil before it has come.
  private static func next(of calls: inout [@Sendable () -> Void]?) -> Next? {
    guard let first = calls?.first else { return calls == nil ? Next() : nil }
    calls?.removeFirst()
    return Next(call: first)
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
