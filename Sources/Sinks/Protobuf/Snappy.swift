internal import CSnappy

/// Snappy's block format, as required by remote write.
enum Snappy {
  /// Compresses bytes as one block.
  static func compress(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: csnappy_bound(bytes.count)) { target, count in
      count = bytes.withUnsafeBufferPointer { csnappy_compress($0.baseAddress, $0.count, target.baseAddress) }
    }
  }
}
