internal import CSnappy

/// Snappy's block format, as required by remote write.
enum Snappy {
  /// Compresses bytes as one block.
  static func compress(_ bytes: [UInt8]) -> [UInt8] {
    let capacity = snappy_max_compressed_length(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      var length = capacity
      let status = bytes.withUnsafeBytes { source in
        snappy_compress(
          source.baseAddress?.assumingMemoryBound(to: CChar.self), source.count,
          UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self), &length)
      }
      // Fails only if the buffer is smaller than snappy_max_compressed_length.
      count = status == SNAPPY_OK ? length : 0
    }
  }
}
