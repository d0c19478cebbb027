import CSnappy

/// A decoded request: series by their labels, milliseconds and the values' bits.
struct Received {
  struct Series {
    let labels: [(name: String, value: String)]
    let points: [(milliseconds: Int64, bits: UInt64)]
    var type: UInt64?
    var help: String?

    var text: String { seriesText(labels) }
  }

  var series: [Series] = []

  var count: Int { series.reduce(0) { $0 + $1.points.count } }

  /// Milliseconds of all points.
  var timestamps: Set<Int64> { Set(series.flatMap { $0.points.map(\.milliseconds) }) }

  /// `prometheus.WriteRequest`.
  init(version1 bytes: [UInt8]) throws {
    for series in try ProtobufReader(bytes).messages(1) {
      let labels = try series.messages(1).map { (name: $0.string(1) ?? "", value: $0.string(2) ?? "") }
      self.series.append(Series(labels: labels, points: try Self.points(of: series)))
    }
  }

  /// `io.prometheus.write.v2.Request`.
  init(version2 bytes: [UInt8]) throws {
    let request = try ProtobufReader(bytes)
    let symbols = request.bytes(4).map { String(decoding: $0, as: UTF8.self) }
    guard symbols.first == "" else { throw ProtobufReader.Malformed() }
    for series in try request.messages(5) {
      let references = try series.packed(1)
      guard references.count % 2 == 0, references.allSatisfy(symbols.indices.contains) else {
        throw ProtobufReader.Malformed()
      }
      var result = Series(
        labels: stride(from: 0, to: references.count, by: 2).map {
          (name: symbols[references[$0]], value: symbols[references[$0 + 1]])
        }, points: try Self.points(of: series))
      let metadata = try series.messages(5).first
      result.type = metadata?.number(1)
      result.help = metadata?.number(3).flatMap { symbols.indices.contains(Int($0)) ? symbols[Int($0)] : nil }
      self.series.append(result)
    }
  }

  private static func points(of series: ProtobufReader) throws -> [(milliseconds: Int64, bits: UInt64)] {
    try series.messages(2).map { sample in
      guard let bits = sample.number(1), let time = sample.number(2) else { throw ProtobufReader.Malformed() }
      return (Int64(bitPattern: time), bits)
    }
  }

  /// Decompresses Snappy's block format with the library.
  static func uncompress(_ bytes: [UInt8]) throws -> [UInt8] {
    try bytes.withUnsafeBytes { source in
      let source = source.bindMemory(to: CChar.self)
      var count = 0
      guard snappy_uncompressed_length(source.baseAddress, source.count, &count) == SNAPPY_OK else {
        throw ProtobufReader.Malformed()
      }
      var result = [UInt8](repeating: 0, count: count)
      let status = result.withUnsafeMutableBytes { target in
        snappy_uncompress(
          source.baseAddress, source.count, target.bindMemory(to: CChar.self).baseAddress, &count)
      }
      guard status == SNAPPY_OK else { throw ProtobufReader.Malformed() }
      return result
    }
  }
}
