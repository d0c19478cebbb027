internal import AgentMetrics
internal import SampleStore

/// A sample as the JSON of `/metrics/latest`.
enum SampleJSON {
  /// The JSON of an entry.
  ///
  /// The newest entry's JSON is encoded once and served many times; that of older ones is decompressed from their
  /// block.
  ///
  /// - Parameter isKept: whether to cache it with the entry (``PlainTextCache``).
  static func bytes(of entry: History.Entry, isKept: Bool = false) -> [UInt8] {
    entry.withText { text in
      if let plain = text.plain { return plain }
      let bytes = text.block.map { Gzip.bytes(of: $0) } ?? encode(entry.sample)
      if text.isNewest || isKept { text.plain = bytes }
      if !text.isNewest, text.block == nil { text.block = Gzip.block(of: bytes) }
      return bytes
    }
  }

  /// The compressed JSON; encoded once.
  static func block(of entry: History.Entry) -> Gzip.Block {
    entry.withText { text in
      if let block = text.block { return block }
      let block = Gzip.block(of: text.plain ?? encode(entry.sample))
      text.block = block
      return block
    }
  }

  /// Number of bytes of the JSON.
  static func count(of entry: History.Entry) -> Int {
    entry.withText { $0.plain?.count ?? $0.block?.count } ?? bytes(of: entry).count
  }

  static func encode(_ sample: Sample) -> [UInt8] {
    let writer = JSONWriter(capacity: 16_384)
    write(sample, to: writer, by: writer)
    // Copied without the reserve, because one is kept per sample.
    return writer.bytes.withUnsafeBufferPointer { Array($0) }
  }

  /// Writes a sample by passing its values to `visitor`, which forwards them to `writer`.
  static func write(_ sample: Sample, to writer: JSONWriter, by visitor: any FieldVisitor) {
    writer.beginObject()
    writer.member("timestamp", sample.timestamp.rfc3339)
    Sample.table.visit(sample, visitor)
    writer.endObject()
  }
}
