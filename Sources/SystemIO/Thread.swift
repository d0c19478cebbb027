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
}
