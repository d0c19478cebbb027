/// How pushing to one receiver is going.
package struct PushStatus: Sendable, Hashable {
  /// What it is doing.
  package enum TargetState: String, Sendable, CaseIterable {
    /// Nothing has been sent yet.
    case starting
    /// The receiver has all that there is.
    case live
    /// The receiver gets what it has missed.
    case catchingUp = "catching_up"
    /// The receiver does not answer, or not as it should; it is tried again and again.
    case failing
    /// The receiver refuses the requests themselves (credentials, URL, protocol); they are tried again ever more rarely.
    case refused
  }

  /// A stretch of time whose samples the receiver did not get, and never will.
  package struct Gap: Sendable, Hashable {
    /// Why.
    package enum Reason: String, Sendable, CaseIterable {
      /// They were in memory no more when the receiver could be reached again.
      case lost
      /// The receiver did not take samples so old.
      case tooOld = "too_old"
      /// The receiver had newer ones of the same series.
      case outOfOrder = "out_of_order"
      /// The receiver did not take them for another reason.
      case rejected
    }

    /// POSIX time of the first of them; of those that were lost, of the last one before them.
    package var from: Double
    /// POSIX time of the last of them; of those that were lost, of the first one after them.
    package var to: Double
    /// How many samples of the machine.
    package var samples: Int
    /// Why.
    package let reason: Reason
  }

  /// Gaps that are told one by one at most; the oldest are forgotten.
  package static let maxGaps = 32

  /// The receiver, without what may be secret.
  package let url: String
  /// The form in which samples are sent now, "remote-write 2.0".
  package internal(set) var format: String
  /// What it is doing.
  package internal(set) var state = TargetState.starting
  /// POSIX time of the newest sample that the receiver has taken, or never will; NaN where there is none.
  package internal(set) var cursor = Double.nan
  /// Seconds by which that lies behind the newest sample that there is.
  package internal(set) var lag = 0.0
  /// Samples of the machine that wait; beyond memory it is told from the time that they cover.
  package internal(set) var pending = 0
  /// Samples of the machine that the receiver has taken.
  package internal(set) var sentSamples = 0
  /// Values that the receiver has taken, stale markers among them.
  package internal(set) var sentValues = 0
  /// Bytes of the requests that it has taken, compressed.
  package internal(set) var sentBytes = 0
  /// Requests that failed and were, or will be, made again.
  package internal(set) var failed = 0
  /// Samples of the machine that the receiver did not take.
  package internal(set) var dropped = 0
  /// Samples of the machine that were in memory no more.
  package internal(set) var lost = 0
  /// POSIX time of the last request that was taken; NaN where there is none.
  package internal(set) var lastSuccess = Double.nan
  /// What went wrong last, in one line; nil where nothing did.
  package internal(set) var lastError: String?
  /// POSIX time of that.
  package internal(set) var lastErrorTime = Double.nan
  /// The gaps, oldest first.
  package internal(set) var gaps: [Gap] = []

  init(url: String, format: String) {
    self.url = url
    self.format = format
  }

  /// Notes samples that the receiver will never have.
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

  /// Whether nothing was sent between them.
  private func touches(_ last: Gap, _ gap: Gap) -> Bool {
    cursor == last.to
  }
}
