/// Progress of pushing to one receiver.
package struct PushStatus: Sendable, Hashable {
  /// State of the connection.
  package enum TargetState: String, Sendable, CaseIterable {
    /// Before the first request.
    case starting
    /// The receiver has all samples.
    case live
    /// The receiver gets samples that it missed.
    case catchingUp = "catching_up"
    /// The receiver is unavailable or responds with an error; requests are retried.
    case failing
    /// The receiver refuses the requests themselves (credentials, URL, protocol); they are retried with increasing
    /// back-off.
    case refused
  }

  /// A time range whose samples the receiver did not and will never get.
  package struct Gap: Sendable, Hashable {
    /// Reason of a gap.
    package enum Reason: String, Sendable, CaseIterable {
      /// Memory had dropped them when the receiver became reachable again.
      case lost
      /// The receiver rejected samples of that age.
      case tooOld = "too_old"
      /// The receiver had newer samples of the same series.
      case outOfOrder = "out_of_order"
      /// The receiver rejected them for another reason.
      case rejected
    }

    /// POSIX time of the first missing sample; of lost ones, of the last sample before them.
    package var from: Double
    /// POSIX time of the last missing sample; of lost ones, of the first sample after them.
    package var to: Double
    /// Number of missing samples.
    package var samples: Int
    package let reason: Reason
  }

  /// Maximum number of listed gaps; the oldest are dropped.
  package static let maxGaps = 32

  /// URL of the receiver, without parts that may be secret.
  package let url: String
  /// Current protocol, such as "remote-write 2.0".
  package internal(set) var format: String
  /// State of the connection.
  package internal(set) var state = TargetState.starting
  /// POSIX time of the newest sample that the receiver accepted or rejected; NaN before the first.
  package internal(set) var cursor = Double.nan
  /// Seconds from that to the newest existing sample.
  package internal(set) var lag = 0.0
  /// Number of waiting samples; beyond memory it is estimated from their time range.
  package internal(set) var pending = 0
  /// Number of accepted samples.
  package internal(set) var sentSamples = 0
  /// Number of accepted values, including stale markers.
  package internal(set) var sentValues = 0
  /// Compressed bytes of the accepted requests.
  package internal(set) var sentBytes = 0
  /// Number of failed requests that were or will be retried.
  package internal(set) var failed = 0
  /// Number of rejected samples.
  package internal(set) var dropped = 0
  /// Number of samples that memory had dropped.
  package internal(set) var lost = 0
  /// POSIX time of the last accepted request; NaN before the first.
  package internal(set) var lastSuccess = Double.nan
  /// The last error in one line, if any.
  package internal(set) var lastError: String?
  /// POSIX time of the last error.
  package internal(set) var lastErrorTime = Double.nan
  /// Gaps, oldest first.
  package internal(set) var gaps: [Gap] = []

  init(url: String, format: String) {
    self.url = url
    self.format = format
  }

  /// Records samples that the receiver will never have.
  mutating func add(_ gap: Gap) {
    if gap.reason == .lost { lost += gap.samples } else { dropped += gap.samples }
    if let last = gaps.last, last.reason == gap.reason, last.to <= gap.from, gap.reason != .lost, touches(last, gap) {
      gaps[gaps.count - 1].to = gap.to
      gaps[gaps.count - 1].samples += gap.samples
      return
    }
    gaps.append(gap)
    if gaps.count > Self.maxGaps { gaps.removeFirst() }
  }

  /// Whether no sample was sent between them.
  private func touches(_ last: Gap, _ gap: Gap) -> Bool {
    cursor == last.to
  }
}
