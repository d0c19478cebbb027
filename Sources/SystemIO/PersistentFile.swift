internal import CSystemIO

/// A file that is opened once and read repeatedly from its start, as files of /proc and /sys can be.
///
/// A missing file is opened again at each read, since devices may appear; a removed device's file is reopened.
package final class PersistentFile {
  package let path: String
  private var descriptor: Int32 = -1
  /// Whether it stays open after a read; false if the process has few descriptors.
  private var isKept = true

  /// Creates a file without opening it.
  package init(_ path: String) {
    self.path = path
  }

  deinit { close() }

  /// Passes the current contents to `body`.
  ///
  /// - Throws: SystemError of open or read, or the error of `body`.
  package func read<Result, Failure: Error>(
    into buffer: ReadBuffer, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws -> Result {
    if descriptor < 0, !open() { throw SystemError("open " + path) }
    do {
      defer { if !isKept { close() } }
      return try buffer.read(descriptor: descriptor, name: path, body)
    } catch let error as SystemError {
      close()
      throw error
    }
  }

  /// Passes the current contents to `body`; nil if the file is absent or unreadable.
  package func readIfPresent<Result>(into buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    // Not through read(): without the file, building an error's text at each tick would cost memory.
    if descriptor < 0, !open() { return nil }
    return try? read(into: buffer, body)
  }

  private func open() -> Bool {
    descriptor = csystemio_open_read(path)
    isKept = Descriptors.mayBeKept(descriptor)
    return descriptor >= 0
  }

  /// Closes the descriptor; the next read opens it again.
  package func close() {
    if descriptor >= 0 { csystemio_close(descriptor) }
    descriptor = -1
  }
}
