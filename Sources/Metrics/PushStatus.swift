/// State of sending samples to one receiver.
package struct PushStatus: MetricGroup, Hashable {
  package enum TargetState: String, Sendable, CaseIterable {
    /// No sample has been sent yet.
    case starting
    /// The receiver has all samples.
    case live
    /// The receiver gets samples that it has missed.
    case catchingUp = "catching_up"
    /// The receiver is unavailable; requests are retried.
    case failing
    /// The receiver refuses the requests themselves (credentials, URL, protocol); retries become rarer.
    case refused
  }

  /// A time range whose samples the receiver lacks and will never get.
  package struct Gap: MetricGroup, Hashable {
    package enum Reason: String, Sendable, CaseIterable {
      /// Memory and archive had discarded them when the receiver could be reached again.
      case lost
      /// The receiver rejects samples of that age.
      case tooOld = "too_old"
      /// The receiver has newer samples of the same series.
      case outOfOrder = "out_of_order"
      /// The receiver rejected them for another reason.
      case rejected
    }

    /// POSIX time of the first sample; of lost ones, of the last sample before them.
    package var from = Double.nan
    /// POSIX time of the last sample; of lost ones, of the first sample after them.
    package var to = Double.nan
    package var samples = 0
    package var reason = Reason.lost

    package init() {}

    package init(from: Double, to: Double, samples: Int, reason: Reason) {
      (self.from, self.to, self.samples, self.reason) = (from, to, samples, reason)
    }

    static let table = Table<Gap>([
      .timestamp("from", "Its beginning", \.from),
      .timestamp("to", "Its end", \.to),
      .gauge("samples", .count, "Missing samples", \.samples),
      .word("reason", "Why", \.reason),
    ])
  }

  /// Maximum number of gaps; the oldest are forgotten.
  package static let maxGaps = 32

  /// The receiver's URL, without secrets.
  package var url = ""
  /// The protocol in use, such as "remote-write 2.0".
  package var format = ""
  package var state = TargetState.starting
  /// POSIX time of the newest sample that the receiver accepted or never will; NaN before the first.
  package var cursor = Double.nan
  /// Seconds from the cursor to the newest sample.
  package var lag = Double.nan
  /// Waiting samples; those that only the archive has are estimated from their time range.
  package var pending = Double.nan
  /// Accepted samples, their values with stale markers, and the bytes of their requests.
  package var sentSamples = Double.nan
  package var sentValues = Double.nan
  package var sentBytes = Double.nan
  /// Requests that failed and were or will be retried.
  package var failed = Double.nan
  /// Samples that the receiver rejected.
  package var dropped = Double.nan
  /// Samples that were discarded before the receiver could be reached.
  package var lost = Double.nan
  /// POSIX time of the last accepted request; NaN before the first.
  package var lastSuccess = Double.nan
  /// The last error in one line, and its POSIX time.
  package var lastError: String?
  package var lastErrorTime = Double.nan
  /// Oldest first.
  package var gaps: [Gap] = []

  /// Whether the receiver accepts samples.
  package var isWorking: Bool {
    get { state == .live || state == .catchingUp }
    set { state = newValue ? .live : .failing }
  }

  package init() {}

  /// Creates the state before the first request.
  package init(url: String, format: String) {
    (self.url, self.format) = (url, format)
    (lag, pending, sentSamples, sentValues, sentBytes, failed, dropped, lost) = (0, 0, 0, 0, 0, 0, 0, 0)
  }

  /// The metrics, as samples have them in `agent.push`.
  static let table = Table<PushStatus>([
    .text("target", "Receiver of samples", source: "the agent", \.url),
    .flag("working", "Whether the receiver accepts samples", source: "the agent", \.isWorking),
    .gauge("lag_seconds", .seconds, "Lag behind the newest sample", source: "the agent", \.lag),
    .gauge("pending", .count, "Samples waiting to be sent", source: "the agent", \.pending),
    .counter("samples_total", .count, "Samples accepted", source: "the agent", \.sentSamples),
    .counter("values_total", .count, "Values accepted", source: "the agent", \.sentValues),
    .counter("bytes_total", .bytes, "Bytes of accepted requests", source: "the agent", \.sentBytes),
    .counter("failed_total", .count, "Requests failed and retried", source: "the agent", \.failed),
    .counter("dropped_total", .count, "Samples rejected by the receiver", source: "the agent", \.dropped),
    .counter("lost_total", .count, "Samples discarded before the receiver came back", source: "the agent", \.lost),
  ])

  /// The whole state, as `/push/status` shows it.
  package static let report = Table<PushStatus>([
    .text("url", "The receiver, without its query", \.url),
    .text("protocol", "The protocol in use", \.format),
    .word("state", "State of the connection", \.state),
    .timestamp("cursor", "The newest sample that the receiver accepted or rejected", \.cursor),
    .gauge("lag_seconds", .seconds, "Lag of the cursor behind the newest sample", \.lag).whole.required,
    .gauge("pending_samples", .count, "Samples waiting to be sent", \.pending).required,
    .counter("sent_samples", .count, "Samples accepted", \.sentSamples).required,
    .counter("sent_values", .count, "Values accepted", \.sentValues).required,
    .counter("sent_bytes", .bytes, "Bytes of those requests", \.sentBytes).required,
    .counter("failed_requests", .count, "Requests failed and retried", \.failed).required,
    .counter("dropped_samples", .count, "Samples rejected by the receiver", \.dropped).required,
    .counter("lost_samples", .count, "Samples discarded before the receiver could be reached", \.lost).required,
    .timestamp("last_success", "Time of the last accepted request", \.lastSuccess),
    .text("last_error", "The last error", \.lastError),
    .timestamp("last_error_time", "Time of the last error", \.lastErrorTime),
    .list(
      "gaps", help: "The newest gaps at the receiver, oldest first", keys: [], isSeries: false, Gap.table, \.gaps),
  ])

  /// Adds samples that the receiver will never have.
  package mutating func add(_ gap: Gap) {
    if gap.reason == .lost { lost += Double(gap.samples) } else { dropped += Double(gap.samples) }
    // Extends the last gap where no sample was accepted between them.
    if let last = gaps.last, last.reason == gap.reason, last.to <= gap.from, gap.reason != .lost, cursor == last.to {
      gaps[gaps.count - 1].to = gap.to
      gaps[gaps.count - 1].samples += gap.samples
      return
    }
    gaps.append(gap)
    if gaps.count > Self.maxGaps { gaps.removeFirst() }
  }
}
