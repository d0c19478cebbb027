internal import AgentMetrics
internal import History

/// A sample as the JSON of `/metrics/latest`.
enum SampleJSON {
  /// The bytes of an entry; made once, served many times.
  static func bytes(of entry: History.Entry) -> [UInt8] {
    entry.encoded(by: encode)
  }

  static func encode(_ sample: Sample) -> [UInt8] {
    let writer = JSONWriter(capacity: 16_384)
    writer.beginObject()
    writer.member("timestamp", sample.timestamp.rfc3339)
    Sample.table.visit(sample, writer)
    writer.endObject()
    // Without the reserve, because as many of them are kept as there are samples.
    return writer.bytes.withUnsafeBufferPointer { Array($0) }
  }
}
