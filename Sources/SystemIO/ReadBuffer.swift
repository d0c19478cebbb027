internal import CSystemIO

/// Reusable memory for file contents.
///
/// It grows to the largest file read and keeps that size, so that the steady state needs no allocation. Not
/// thread-safe; each collector's thread has its own.
package final class ReadBuffer {
  /// Maximum size, far above any file that the agent reads; a larger file is truncated.
  package static let limit = 16 << 20

  private var storage: [UInt8]

  /// Creates an empty buffer.
  package init(capacity: Int = 16_384) {
    storage = [UInt8](repeating: 0, count: capacity)
  }

  /// Reads a descriptor from its start and passes the contents to `body`.
  ///
  /// pread(2) is repeated until it returns 0: the kernel's seq_file returns a page at a time.
  ///
  /// - Throws: SystemError of read, or the error of `body`.
  package func read<Result, Failure: Error>(
    descriptor: Int32, name: @autoclosure () -> String,
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws -> Result {
    var count = 0
    while true {
      if count == storage.count {
        guard count < Self.limit else { break }
        storage.append(contentsOf: repeatElement(0, count: storage.count))
      }
      let capacity = storage.count - count
      let got = storage.withUnsafeMutableBytes { bytes in
        // In range: count < storage.count, and the call writes at most `capacity` bytes from there.
        csystemio_read_at(descriptor, bytes.baseAddress.map { $0 + count }, Int64(capacity), Int64(count))
      }
      if got < 0 { throw SystemError("read " + name()) }
      if got == 0 { break }
      count += Int(got)
    }
    // A local reference, because a span of a class's property cannot be passed to a function.
    let contents = storage
    return try body(contents.span.extracting(0..<count))
  }

  /// Reads a descriptor with a single call and passes the contents to `body`; nil if reading fails.
  ///
  /// Sufficient for files that the kernel writes as one record, such as those of a process; it saves the second call.
  package func readOnce<Result>(descriptor: Int32, _ body: (Span<UInt8>) -> Result) -> Result? {
    let got = storage.withUnsafeMutableBytes { bytes in
      // The call writes at most bytes.count bytes from the start.
      csystemio_read_at(descriptor, bytes.baseAddress, Int64(bytes.count), 0)
    }
    guard got >= 0 else { return nil }
    let contents = storage
    return body(contents.span.extracting(0..<Int(got)))
  }
}
