internal import CSystemIO

/// A file that is opened once and read again and again from its start, as files of /proc and /sys can be.
///
/// A file that is not there is looked for again at each read, since devices come; one whose device went is reopened.
package final class PersistentFile {
  /// Its path.
  package let path: String
  private var descriptor: Int32 = -1
  /// Whether it stays open after a read; not where the process has few descriptors.
  private var isKept = true

  /// A file by its path; nothing is opened yet.
  package init(_ path: String) {
    self.path = path
  }

  deinit { close() }

  /// Shows the present contents to `body`.
  ///
  /// - Throws: SystemError of open or read, or what `body` throws.
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

  /// Shows the present contents to `body`; nil where the file is absent or unreadable.
  package func readIfPresent<Result>(into buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    // Not through read(): on a machine that lacks the file, making an error's text each tick would cost memory.
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
    if descriptor >= 0 { _ = systemClose(descriptor) }
    descriptor = -1
  }
}

/// close(2), where a method of that name hides it.
@inline(__always)
func systemClose(_ descriptor: Int32) -> Int32 {
  close(descriptor)
}
