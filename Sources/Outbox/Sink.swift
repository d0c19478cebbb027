package import AgentMetrics
package import Logging

/// A receiver of samples: sends them in its protocol and reports the result.
///
/// It gets one request at a time; samples wait in the ``Outbox`` until they are accepted, which also decides when to
/// retry. A new kind of receiver needs a file with its sink and a row in `SinkKind.all`.
package protocol Sink: Sendable {
  /// The receiver in logs and in `/push/status`, without secrets.
  var name: String { get }
  /// The receiver in the cursor file: one line of text that no other receiver has.
  var id: String { get }
  /// The protocol in use, e.g. "remote-write 2.0".
  var format: String { get }
  /// Values that a sample has, as far as known; limits the samples in a request.
  var valuesPerSample: Int { get }

  /// Continues after a sample that the receiver has from an earlier process.
  mutating func resume(after sample: Sample)
  /// Sends samples, oldest first.
  mutating func send(_ samples: [Sample]) async -> Delivery
  /// Returns whether the receiver rejects any sample of this time because of its age.
  mutating func isTooOld(_ time: Timestamp) async -> Bool
  /// Ends all series after the last sample of a clean stop.
  mutating func end(after time: Timestamp) async
  /// Closes the connection.
  func close()
}

extension Sink {
  package var id: String { name }
  package var valuesPerSample: Int { 1 }
  package func resume(after sample: Sample) {}
  package func isTooOld(_ time: Timestamp) async -> Bool { false }
  package func end(after time: Timestamp) async {}
  package func close() {}
}

/// The result of sending samples.
package struct Delivery: Sendable {
  package enum Outcome: Sendable {
    /// Stored, except for values that were rejected.
    case accepted(values: Int, bytes: Int, except: Rejection? = nil)
    /// Never accepted: samples are dropped, after smaller requests where there are many.
    case rejected(Rejection)
    /// Too many samples for one request.
    case tooLarge(Rejection)
    /// Kept and sent again later.
    case failed(Failure)
    /// Sent again immediately, because the sink has changed its protocol.
    case changedProtocol
  }

  package struct Rejection: Sendable, Equatable {
    /// The receiver's answer in one line.
    package var line: String
    package var reason = PushStatus.Gap.Reason.rejected

    package init(_ line: String, _ reason: PushStatus.Gap.Reason = .rejected) {
      (self.line, self.reason) = (line, reason)
    }
  }

  package struct Failure: Sendable {
    /// The error in one line.
    package var line: String
    /// The part of the line that stays the same while the failure lasts; a failure is logged once.
    package var kind: String
    /// Whether the receiver refuses the request itself (credentials, URL, protocol): retries become rarer.
    package var isRefused = false
    /// Seconds that the receiver asks to wait.
    package var retryAfter: Double?

    package init(_ line: String, kind: String? = nil, isRefused: Bool = false, retryAfter: Double? = nil) {
      (self.line, self.kind, self.isRefused, self.retryAfter) = (line, kind ?? line, isRefused, retryAfter)
    }
  }

  package var outcome: Outcome
  /// False where the receiver may have stored the samples although it did not confirm them.
  package var isCertain = true

  package init(_ outcome: Outcome, isCertain: Bool = true) {
    (self.outcome, self.isCertain) = (outcome, isCertain)
  }
}

/// Values that a sink gets when it is created.
package struct SinkContext: Sendable {
  /// The program and its version.
  package let userAgent: String
  package let logger: Logger
  /// Called when the receiver closes a connection that it kept open, as on a restart; leads to an early retry.
  package let onDisconnect: @Sendable () -> Void
}
