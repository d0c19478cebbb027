internal import AgentMetrics
internal import ClientHTTP
internal import Outbox
internal import PrometheusExport
internal import SystemIO

/// Prometheus remote write: version 2.0 as far as the receiver supports it, otherwise 1.0.
struct RemoteWrite: WireFormat {
  enum Version: String {
    case v1 = "remote-write 1.0"
    case v2 = "remote-write 2.0"
  }

  private(set) var version: Version
  /// Seconds after which 2.0 is tried again; infinite where only 1.0 is wanted.
  private let upgradeRetry: Double
  /// Monotonic time at which 2.0 is tried again.
  private var upgradeTime = Double.infinity
  /// Whether the receiver has accepted a request of this version.
  private var isConfirmed = false

  /// Creates 2.0 with fallback to 1.0.
  init(upgradeRetry: Double) {
    version = .v2
    self.upgradeRetry = upgradeRetry
  }

  /// Creates 1.0.
  init() {
    version = .v1
    upgradeRetry = .infinity
  }

  var name: String { version.rawValue }

  var headers: [(String, String)] {
    let type = "application/x-protobuf" + (version == .v2 ? ";proto=io.prometheus.write.v2.Request" : "")
    return [
      ("Content-Type", type), ("Content-Encoding", "snappy"),
      ("X-Prometheus-Remote-Write-Version", version == .v2 ? "2.0.0" : "0.1.0"),
    ]
  }

  func body(_ batch: PushBatch, _ labels: SeriesLabels) -> [UInt8] {
    Snappy.compress(version == .v2 ? Self.version2(batch, labels) : Self.version1(batch, labels))
  }

  func disposition(of answer: HTTPAnswer) -> ResponseDisposition {
    let usual = ResponseDisposition(answer, format: name, now: Clock.realtime)
    guard version == .v2 else { return usual }
    return switch usual {
    // A receiver of 1.0 finds no samples in the message and reports success.
    case .accepted(let values) where values ?? 0 == 0: .unsupported(ResponseDisposition.line(answer))
    // Or that it cannot read the message; one of 2.0 reports how much it has written.
    case .rejected(let line, .rejected, values: nil): .unsupported(line)
    case .held where answer.status == 415: .unsupported(ResponseDisposition.line(answer))
    default: usual
    }
  }

  mutating func prepare(isFailing: Bool) {
    guard version == .v1, Clock.monotonic >= upgradeTime,
      // Not before the samples of the last fallback have been sent.
      isConfirmed || isFailing
    else { return }
    version = .v2
    isConfirmed = false
  }

  mutating func confirm(isFailing: Bool) {
    isConfirmed = true
    // The receiver may have been replaced by a newer version.
    if isFailing, version == .v1, upgradeRetry < .infinity { upgradeTime = Clock.monotonic }
  }

  mutating func fallBack() {
    version = .v1
    isConfirmed = false
    upgradeTime = Clock.monotonic + upgradeRetry
  }

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

  /// Texts that messages reference by number.
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
