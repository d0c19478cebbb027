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
      let name: StaticString
      let body: @Sendable () -> Void
      init(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
      }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackSize)
    // The new thread takes over the only reference, exactly once; if none starts, it is released below.
    let start = Unmanaged.passRetained(Start(name, body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.name.withUTF8Buffer { name in
          // A static string is terminated by NUL.
          name.withMemoryRebound(to: CChar.self) { csystemio_name_thread($0.baseAddress) }
        }
        start.body()
        return nil
      }, start.toOpaque())
    if result != 0 { start.release() }
    return result == 0
  }
}
