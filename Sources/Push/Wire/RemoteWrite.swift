internal import AgentMetrics
internal import PrometheusExport

/// Prometheus' remote write, versions 1.0 and 2.0, by their specifications' protobuf messages.
enum RemoteWrite {
  /// `prometheus.WriteRequest`: `TimeSeries{labels = 1, samples = 2}` in field 1, `Label{name = 1, value = 2}`,
  /// `Sample{value = 1, timestamp = 2}`.
  static func version1(_ batch: PushBatch, _ labels: SeriesLabels) -> [UInt8] {
    var request = ProtobufWriter(capacity: batch.series.count * 160)
    for (key, points) in batch.series {
      request.message(1) { series in
        for label in labels.labels(of: key) {
          series.message(1) { message in
            message.string(1, label.name)
            message.string(2, label.value)
          }
        }
        append(points, to: &series)
      }
    }
    return request.bytes
  }

  /// `io.prometheus.write.v2.Request`: `symbols` in field 4, the first of them empty, and in field 5
  /// `TimeSeries{labels_refs = 1, samples = 2, metadata = 5}`, `Metadata{type = 1, help_ref = 3, unit_ref = 4}`.
  static func version2(_ batch: PushBatch, _ labels: SeriesLabels) -> [UInt8] {
    var symbols = Symbols()
    var series = ProtobufWriter(capacity: batch.series.count * 64)
    for (key, points) in batch.series {
      let references = labels.labels(of: key).flatMap { [symbols.reference($0.name), symbols.reference($0.value)] }
      let name = labels.name(of: key)
      series.message(5) { message in
        message.packed(1, references)
        append(points, to: &message)
        message.message(5) { metadata in
          metadata.varint(1, metadataType(name.kind))
          metadata.varint(3, UInt64(symbols.reference(name.help)))
          metadata.varint(4, UInt64(symbols.reference(name.unit)))
        }
      }
    }
    var request = ProtobufWriter(capacity: series.bytes.count + symbols.texts.count * 24)
    for symbol in symbols.texts { request.string(4, symbol) }
    request.append(fields: series.bytes)
    return request.bytes
  }

  private static func append(_ points: [PushBatch.Point], to series: inout ProtobufWriter) {
    for point in points {
      series.message(2) { sample in
        sample.double(1, bits: point.bits)
        sample.int64(2, point.milliseconds)
      }
    }
  }

  /// `Metadata.MetricType`.
  private static func metadataType(_ kind: PrometheusName.FamilyType) -> UInt64 {
    switch kind {
    case .counter: 1
    case .gauge: 2
    case .info: 6
    }
  }

  /// Texts that messages refer to by number.
  private struct Symbols {
    private(set) var texts = [""]
    private var places: [String: UInt32] = ["": 0]

    mutating func reference(_ text: String) -> UInt32 {
      if let place = places[text] { return place }
      let place = UInt32(truncatingIfNeeded: texts.count)
      texts.append(text)
      places[text] = place
      return place
    }
  }
}
