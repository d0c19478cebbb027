/// Memory that file contents are read into, kept from one read to the next.
///
/// It grows to the largest file read and stays that large, so that the steady state needs no allocation. Not to be used
/// from two threads at once; each collector's thread has its own.
package final class ReadBuffer {
  /// A larger file is cut off here: nothing that the agent reads comes near.
  package static let limit = 16 << 20

  private var storage: [UInt8]

  /// An empty buffer.
  package init(capacity: Int = 16_384) {
    storage = [UInt8](repeating: 0, count: capacity)
  }

  /// Reads a descriptor from its start and shows what it held to `body`.
  ///
  /// pread(2) is repeated until it gives 0: the kernel's seq_file hands out a page at a time.
  ///
  /// - Throws: SystemError of read, or what `body` throws.
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
        pread(descriptor, bytes.baseAddress.map { $0 + count }, capacity, off_t(count))
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw SystemError("read " + name())
      }
      if got == 0 { break }
      count += got
    }
    // A local reference, because a span of a class's property may not be passed on.
    let contents = storage
    return try body(contents.span.extracting(0..<count))
  }

  /// Reads a descriptor by a single call and shows what came to `body`; nil where reading fails.
  ///
  /// Enough for files that the kernel writes as one record, as those of a process are; it spares the second call.
  package func readOnce<Result>(descriptor: Int32, _ body: (Span<UInt8>) -> Result) -> Result? {
    let got = storage.withUnsafeMutableBytes { bytes in
      // The call writes at most bytes.count bytes from the start.
      pread(descriptor, bytes.baseAddress, bytes.count, 0)
    }
    guard got >= 0 else { return nil }
    let contents = storage
    return body(contents.span.extracting(0..<got))
  }
}
