internal import AgentMetrics
internal import ClientHTTP
internal import PrometheusExport
internal import SystemIO

/// OpenTelemetry's metrics for OTLP/HTTP: `ExportMetricsServiceRequest` of
/// opentelemetry/proto/metrics/v1/metrics.proto.
///
/// Metrics have their names in `/metrics`, including units, so that dashboards and alerts are independent of the
/// protocol.
struct OTLP: WireFormat {
  let name = "otlp"
  let headers = [("Content-Type", "application/x-protobuf")]

  func body(_ batch: PushBatch, _ labels: SeriesLabels) -> [UInt8] {
    Self.request(batch, labels)
  }

  func disposition(of answer: HTTPAnswer) -> ResponseDisposition {
    let usual = ResponseDisposition(answer, format: name, now: Clock.realtime)
    guard case .accepted = usual, let partial = Self.partialSuccess(of: answer) else { return usual }
    let message = ResponseDisposition.words(partial.message)
    return .partlyAccepted(
      "HTTP \(answer.status): \(partial.rejected) values rejected" + (message.isEmpty ? "" : ": " + message),
      rejected: partial.rejected)
  }

  /// The message: `resource_metrics = 1`.
  static func request(_ batch: PushBatch, _ labels: SeriesLabels) -> [UInt8] {
    var families: [Int: [Int]] = [:]
    for (index, series) in batch.series.enumerated() { families[series.key.family, default: []].append(index) }
    var request = ProtobufWriter(capacity: batch.series.count * 120)
    request.message(1) { resourceMetrics in
      // Resource{attributes = 1}.
      resourceMetrics.message(1) { resource in
        for label in labels.external { append(attribute(label), to: &resource, field: 1) }
      }
      // ScopeMetrics{scope = 1, metrics = 2}.
      resourceMetrics.message(2) { scopeMetrics in
        scopeMetrics.message(1) { $0.string(1, "worker-monitoring-agent") }
        for family in families.keys.sorted() {
          let places = families[family] ?? []
          guard let first = places.first else { continue }
          let name = labels.name(of: batch.series[first].key)
          // Metric{name = 1, description = 2, gauge = 5, sum = 7}.
          scopeMetrics.message(2) { metric in
            metric.string(1, name.sample)
            metric.string(2, name.help)
            metric.message(name.kind == .counter ? 7 : 5) { data in
              for place in places { append(batch.series[place], to: &data) }
              if name.kind == .counter {
                // Sum{aggregation_temporality = 2: cumulative, is_monotonic = 3}.
                data.varint(2, 2)
                data.varint(3, 1)
              }
            }
          }
        }
      }
    }
    return request.bytes
  }

  /// Number of values that a receiver rejected despite its success status, or nil.
  ///
  /// `ExportMetricsServiceResponse{partial_success = 1}`,
  /// `ExportMetricsPartialSuccess{rejected_data_points = 1, error_message = 2}`.
  static func partialSuccess(of answer: HTTPAnswer) -> (rejected: Int, message: String)? {
    var rejected = 0
    var message = ""
    if answer.headers["content-type"]?.contains("json") == true {
      let partial = JSONValue(answer.body.span)?["partialSuccess"]
      let count = partial?["rejectedDataPoints"]
      // Protobuf's JSON encodes 64-bit integers as texts.
      rejected = (count?.number ?? count?.text.flatMap { Double($0) }).flatMap { Int(exactly: $0) } ?? 0
      message = partial?["errorMessage"]?.text ?? ""
    } else {
      ProtobufFields.visit(answer.body[...]) { field, value in
        guard field == 1, case .bytes(let partial) = value else { return }
        ProtobufFields.visit(partial) { field, value in
          switch (field, value) {
          case (1, .varint(let count)): rejected = Int(clamping: count)
          case (2, .bytes(let text)): message = String(decoding: text, as: UTF8.self)
          default: break
          }
        }
      }
    }
    return rejected > 0 ? (rejected, message) : nil
  }

  /// Maps Prometheus labels to OpenTelemetry's names, which its receivers map back.
  private static func attribute(_ label: PushLabel) -> (name: String, value: String) {
    switch label.name {
    case "job": ("service.name", label.value)
    case "instance": ("service.instance.id", label.value)
    default: (label.name, label.value)
    }
  }

  /// `NumberDataPoint{time_unix_nano = 3, as_double = 4, attributes = 7, flags = 8}`, in `data_points = 1`.
  private static func append(_ series: (key: PushSeriesKey, points: [PushBatch.Point]), to data: inout ProtobufWriter) {
    var attributes = ProtobufWriter()
    var index = 0
    while index + 1 < series.key.labels.count {
      append((series.key.labels[index], series.key.labels[index + 1]), to: &attributes, field: 7)
      index += 2
    }
    for point in series.points {
      data.message(1) { message in
        message.fixed64(3, UInt64(bitPattern: point.milliseconds &* 1_000_000))
        if point.bits == PushBatch.stale {
          // FLAG_NO_RECORDED_VALUE.
          message.varint(8, 1)
        } else {
          message.double(4, bits: point.bits)
        }
        message.append(fields: attributes.bytes)
      }
    }
  }

  /// `KeyValue{key = 1, value = 2}`, `AnyValue{string_value = 1}`.
  private static func append(
    _ attribute: (name: String, value: String), to message: inout ProtobufWriter, field: UInt64
  ) {
    message.message(field) { pair in
      pair.string(1, attribute.name)
      pair.message(2) { $0.string(1, attribute.value) }
    }
  }
}
