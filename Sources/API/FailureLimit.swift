internal import Synchronization

/// Limits wrong tokens per client: a burst, then one per second.
final class FailureLimit: Sendable {
  /// Failures that a client may have before it is limited.
  static let burst = 20.0
  /// Maximum number of clients; above that the one with the oldest failure is forgotten.
  static let maxClients = 1_024

  private struct Failures {
    var count: Double
    var time: Double

    /// Failures that still count: one is forgiven per second.
    func count(at now: Double) -> Double { max(0, count - max(0, now - time)) }
  }

  private struct Known {
    var clients: [String: Failures] = [:]
    /// Monotonic time of the last report.
    var reported = -Double.infinity
  }

  /// Seconds between two reports of clients that are limited.
  static let reportPause = 60.0

  private let known = Mutex(Known())

  /// Whether a client has failed too often.
  func isReached(by client: String?, at now: Double) -> Bool {
    known.withLock { known in
      known.clients[client ?? ""].map { $0.count(at: now) > Self.burst - 1 } ?? false
    }
  }

  /// Counts a failure; returns whether a line of the log should say so: the client is limited, and none did for a minute.
  @discardableResult
  func add(_ client: String?, at now: Double) -> Bool {
    known.withLock { known in
      let client = client ?? ""
      if known.clients.count >= Self.maxClients, known.clients[client] == nil,
        let oldest = known.clients.min(by: { $0.value.time < $1.value.time })?.key
      {
        known.clients[oldest] = nil
      }
      let count = min(Self.burst, (known.clients[client]?.count(at: now) ?? 0) + 1)
      known.clients[client] = Failures(count: count, time: now)
      guard count > Self.burst - 1, now - known.reported >= Self.reportPause else { return false }
      known.reported = now
      return true
    }
  }

  /// Number of remembered clients.
  var count: Int { known.withLock { $0.clients.count } }
}
