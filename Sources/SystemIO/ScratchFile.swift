internal import CSystemIO

/// A temporary file, deleted with its descriptor.
package final class ScratchFile {
  private let descriptor: Int32

  /// Creates a file with a unique name that begins with `path`.
  ///
  /// - Throws: SystemError of opening it.
  package init(beside path: String) throws(SystemError) {
    descriptor = csystemio_scratch_file(path)
    guard descriptor >= 0 else { throw SystemError("make a temporary file beside " + path) }
  }

  deinit { csystemio_close(descriptor) }

  /// Appends bytes; call it before any read, which may move the position.
  ///
  /// - Throws: SystemError of write.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    guard csystemio_write(descriptor, bytes.baseAddress, Int64(bytes.count)) == 0 else {
      throw SystemError("write a temporary file")
    }
  }

  /// Fills `bytes` from an offset.
  ///
  /// - Throws: SystemError of read, and where the file ends before.
  package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let got = csystemio_read_at(
        descriptor, bytes.baseAddress?.advanced(by: done), Int64(bytes.count - done), Int64(offset + done))
      if got == 0 { throw SystemError("read a temporary file", code: ErrorCode.io) }
      guard got > 0 || SystemError.last == ErrorCode.interrupted else { throw SystemError("read a temporary file") }
      done += max(0, Int(got))
    }
  }
}
