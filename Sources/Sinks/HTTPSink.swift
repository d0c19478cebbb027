internal import AgentMetrics
internal import ClientHTTP
internal import Logging
internal import Outbox
internal import SystemIO

/// A protocol in which series are posted by HTTP.
protocol WireFormat: Sendable {
  /// The protocol with its version, e.g. "remote-write 2.0".
  var name: String { get }
  var headers: [(String, String)] { get }
  func body(_ batch: PushBatch, _ labels: SeriesLabels) -> [UInt8]
  func disposition(of answer: HTTPAnswer) -> ResponseDisposition

  /// Called before a batch is posted.
  mutating func prepare(isFailing: Bool)
  /// Called when the receiver has accepted a batch.
  mutating func confirm(isFailing: Bool)
  /// Changes to an older version after ``ResponseDisposition/unsupported(_:)``.
  mutating func fallBack()
}

extension WireFormat {
  func disposition(of answer: HTTPAnswer) -> ResponseDisposition {
    ResponseDisposition(answer, format: name, now: Clock.realtime)
  }

  func prepare(isFailing: Bool) {}
  func confirm(isFailing: Bool) {}
  func fallBack() {}
}

/// Posts samples as series to one URL, and marks the series that end.
struct HTTPSink<Format: WireFormat>: Sink {
  let name: String
  let id: String
  /// The format that the receiver is known to accept; the configured one at first.
  private(set) var format: String
  private var wire: Format
  private let target: PushTarget
  private let context: SinkContext
  private let client: any Poster
  private let labels: SeriesLabels
  /// The receiver's series at the newest sample it has.
  private var present: Set<PushSeriesKey> = []
  /// Whether the last request failed.
  private var isFailing = false

  init(_ wire: Format, _ target: PushTarget, _ context: SinkContext, by transport: any ClientTransport) {
    self.wire = wire
    self.target = target
    self.context = context
    name = target.url.description
    id = target.url.full
    format = wire.name
    labels = SeriesLabels(external: target.labels)
    var receiver = PostTarget(target.url)
    receiver.authorities = target.authorities
    receiver.authorityOption = "--push-ca-file"
    receiver.limits = target.limits
    client = transport.poster(to: receiver, onDisconnect: context.onDisconnect)
  }

  var valuesPerSample: Int { present.count }

  mutating func resume(after sample: Sample) {
    present = PushBatch([sample], after: []).present
  }

  mutating func send(_ samples: [Sample]) async -> Delivery {
    wire.prepare(isFailing: isFailing)
    let batch = PushBatch(samples, after: present)
    let response = await post(batch)
    let outcome: Delivery.Outcome
    switch response.disposition {
    case .accepted(let values):
      accepted(batch)
      outcome = .accepted(values: values ?? batch.count, bytes: response.bytes)
    case .partlyAccepted(let line, let rejected):
      accepted(batch)
      outcome = .accepted(
        values: max(0, batch.count - rejected), bytes: response.bytes, except: Delivery.Rejection(line))
    case .rejected(let line, let reason, let values?) where values > 0:
      accepted(batch)
      outcome = .accepted(values: values, bytes: response.bytes, except: Delivery.Rejection(line, reason))
    case .rejected(let line, let reason, _): outcome = .rejected(Delivery.Rejection(line, reason))
    case .tooLarge(let line): outcome = .tooLarge(Delivery.Rejection(line))
    case .later(let line, let seconds): outcome = failed(line, isRefused: false, after: seconds)
    case .held(let line, let seconds): outcome = failed(line, isRefused: true, after: seconds)
    case .unsupported(let line):
      wire.fallBack()
      if format != wire.name {
        context.logger.info(
          "push: the receiver does not support the format",
          metadata: ["receiver": "\(name)", "format": "\(format)", "now": "\(wire.name)", "reason": "\(line)"])
        format = wire.name
      }
      outcome = .changedProtocol
    }
    return Delivery(outcome, isCertain: response.isCertain)
  }

  mutating func isTooOld(_ time: Timestamp) async -> Bool {
    guard case .rejected(_, .tooOld, _) = await post(PushBatch(probeAt: time.milliseconds)).disposition else {
      return false
    }
    return true
  }

  mutating func end(after time: Timestamp) async {
    guard !present.isEmpty, !Task.isCancelled else { return }
    // Between the last sample and a possible next one.
    _ = await post(PushBatch(endOf: present, at: time.milliseconds &+ 1))
  }

  func close() {
    client.close()
  }

  private mutating func accepted(_ batch: PushBatch) {
    present = batch.present
    wire.confirm(isFailing: isFailing)
    isFailing = false
    if format != wire.name {
      format = wire.name
      context.logger.info("push: using a format", metadata: ["receiver": "\(name)", "format": "\(format)"])
    }
  }

  private mutating func failed(_ line: String, isRefused: Bool, after seconds: Double?) -> Delivery.Outcome {
    isFailing = true
    // A body may name a time or a request, so that only the status stays the same.
    let kind = line.hasPrefix("HTTP ") ? String(line.prefix(8)) : line
    return .failed(Delivery.Failure(line, kind: kind, isRefused: isRefused, retryAfter: seconds))
  }

  /// Posts a batch; `isCertain` is false where the receiver may have accepted it whatever the disposition is.
  private func post(_ batch: PushBatch) async -> (disposition: ResponseDisposition, bytes: Int, isCertain: Bool) {
    var headers = [("User-Agent", context.userAgent)] + target.headers.map { ($0.name, $0.value) }
    do {
      if let value = try target.credentials.header() { headers.append(("Authorization", value)) }
    } catch {
      return (.held(error.description, seconds: nil), 0, true)
    }
    let body = wire.body(batch, labels)
    // Formats without stale markers have no lines for ended series.
    if body.isEmpty { return (.accepted(values: nil), 0, true) }
    do {
      let answer = try await client.post(body, fields: headers + wire.headers)
      return (wire.disposition(of: answer), body.count, !answer.isRepeated)
    } catch {
      return (.later(error.description, seconds: nil), body.count, false)
    }
  }
}
