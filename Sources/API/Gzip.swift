internal import CDeflate
internal import CZlib
internal import SampleStore

/// Gzip (RFC 1952) of responses, assembled from samples that were compressed once.
enum Gzip {
  /// Trade-off of time and size.
  enum CompressionLevel {
    /// For a single response or sample: libdeflate, half of zlib's time for fewer bytes.
    case little
    /// For static files: zlib's maximum.
    case limit
  }

  /// Independently compressed bytes, which can be joined with others in one stream.
  struct Block: Sendable {
    /// Deflate blocks (RFC 1951) that end on a byte boundary.
    let deflated: [UInt8]
    /// Number of bytes before compression.
    let count: Int
    /// CRC-32 of the bytes before compression.
    let crc: UInt32
  }

  /// Compresses bytes to a block that can be placed between others in one stream.
  static func block(of bytes: [UInt8]) -> Block {
    Block(deflated: deflate(bytes, .little, ends: false), count: bytes.count, crc: crc(bytes))
  }

  /// Decompresses a block.
  static func bytes(of block: Block) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: block.count) { buffer, count in
      count = block.deflated.withUnsafeBufferPointer {
        cdeflate_inflate($0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
      }
    }
  }

  /// Assembles the stream of a response's pieces.
  static func stream(of pieces: [API.BodyPiece], _ effort: CompressionLevel = .little) -> [UInt8] {
    // Magic number, deflate, no flags, no time, no hint, system unknown.
    var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var (total, totalCRC) = (0, UInt32(0))
    var run: [UInt8] = []
    func add(crc: UInt32, count: Int) {
      totalCRC = czlib_crc_combined(totalCRC, crc, count)
      total += count
    }
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): run += bytes
      case .sample(let entry):
        result += blocks(of: run, effort)
        add(crc: crc(run), count: run.count)
        run.removeAll(keepingCapacity: true)
        let block = SampleJSON.block(of: entry)
        result += block.deflated
        add(crc: block.crc, count: block.count)
      }
    }
    add(crc: crc(run), count: run.count)
    result += deflate(run, effort, ends: true)
    for value in [totalCRC, UInt32(truncatingIfNeeded: total)] {
      for shift in stride(from: 0, to: 32, by: 8) { result.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    return result
  }

  /// Blocks for bytes between others: short ones such as a comma are smaller uncompressed.
  private static func blocks(of bytes: [UInt8], _ effort: CompressionLevel) -> [UInt8] {
    if bytes.isEmpty { return [] }
    return bytes.count < 32 ? stored(bytes, ends: false) : deflate(bytes, effort, ends: false)
  }

  private static func deflate(_ bytes: [UInt8], _ effort: CompressionLevel, ends: Bool) -> [UInt8] {
    let deflated = [UInt8](unsafeUninitializedCapacity: czlib_bound(bytes.count)) { buffer, count in
      count = bytes.withUnsafeBufferPointer {
        switch effort {
        case .little: cdeflate_deflate(ends ? 1 : 0, $0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
        case .limit: czlib_deflate(9, ends ? 1 : 0, $0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
        }
      }
    }
    // The output is empty only if memory is exhausted; stored blocks need none.
    if deflated.isEmpty { return stored(bytes, ends: ends) }
    // Copied without the reserve.
    return deflated.withUnsafeBufferPointer { Array($0) }
  }

  /// Blocks without compression (RFC 1951 §3.2.4): final flag, length, its complement, the bytes.
  static func stored(_ bytes: [UInt8], ends: Bool) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    repeat {
      let part = rest.prefix(0xFFFF)
      rest = rest.dropFirst(part.count)
      result.append(ends && rest.isEmpty ? 1 : 0)
      for length in [UInt16(part.count), ~UInt16(part.count)] {
        result.append(UInt8(truncatingIfNeeded: length))
        result.append(UInt8(truncatingIfNeeded: length >> 8))
      }
      result += part
    } while !rest.isEmpty
    return result
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer { czlib_crc(0, $0.baseAddress, $0.count) }
  }
}
