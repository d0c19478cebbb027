internal import CSystemIO

/// A system thread, for blocking work.
package enum Thread {
  /// Starts `body` on a new detached thread; returns false if the system refuses.
  ///
  /// - Parameters:
  ///   - name: at most 15 bytes, for `ps -L` and debuggers.
  ///   - stackSize: bytes; a small stack suffices for reading files, and none of it is resident before it is used.
  @discardableResult
  package static func start(_ name: StaticString, stackSize: Int = 512 << 10, _ body: @escaping @Sendable () -> Void)
    -> Bool
  {
    final class Start {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    // The new thread takes over the only reference, exactly once; if none starts, it is released below.
    let start = Unmanaged.passRetained(Start(body))
    let result = name.withUTF8Buffer { name in
      // A static string is terminated by NUL.
      name.withMemoryRebound(to: CChar.self) { name in
        csystemio_thread_start(
          name.baseAddress, Int64(stackSize),
          { argument in
            guard let argument else { return }
            Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
          }, start.toOpaque())
      }
    }
    if result != 0 { start.release() }
    return result == 0
  }

  /// Minimum number of further threads with which the agent works: sampler, tasks, event loop, timer, signals, archive,
  /// and one that asks a source that may hang.
  package static let minimum = 10

  /// Number of threads, at most `count`, that can run at the same time besides those that already do.
  ///
  /// NIO and libdispatch trap, or try again for ever, where they get no thread: so the limit (RLIMIT_NPROC, pids.max of
  /// a control group) is tried beforehand.
  package static func available(_ count: Int) -> Int {
    let gate = Condition((isOpen: false, left: 0))
    var started = 0
    while started < count {
      gate.update { $0.left += 1 }
      let isStarted = start("probe") {
        _ = gate.wait { $0.isOpen ? true : nil }
        gate.update { $0.left -= 1 }
      }
      guard isStarted else {
        gate.update { $0.left -= 1 }
        break
      }
      started += 1
    }
    gate.update { $0.isOpen = true }
    _ = gate.wait { $0.left == 0 ? true : nil }
    return started
  }
}
