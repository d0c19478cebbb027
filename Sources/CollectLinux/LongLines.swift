internal import SystemIO

extension Span where Element == UInt8 {
  /// Skips past the next line feed or to the end, like `skipLine`, but with memchr(3): the `intr` line of /proc/stat
  /// can have 100 kB.
  func skipLongLine(_ position: inout Int) {
    guard position >= 0, position < count else { return }
    let start = position
    let remaining = count - start
    let length = withUnsafeBufferPointer { bytes -> Int in
      // In range: `remaining` bytes follow `start`.
      guard let first = bytes.baseAddress.map({ $0 + start }),
        let found = memchr(first, Int32(UInt8(ascii: "\n")), remaining)
      else { return remaining }
      return UnsafeRawPointer(first).distance(to: UnsafeRawPointer(found)) + 1
    }
    position += length
  }
}
