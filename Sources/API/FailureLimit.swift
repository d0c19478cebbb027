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

  private let clients = Mutex<[String: Failures]>([:])

  /// Whether a client has failed too often.
  func isReached(by client: String?, at now: Double) -> Bool {
    clients.withLock { clients in
      clients[client ?? ""].map { $0.count(at: now) > Self.burst - 1 } ?? false
    }
  }

  func add(_ client: String?, at now: Double) {
    clients.withLock { clients in
      let client = client ?? ""
      if clients.count >= Self.maxClients, clients[client] == nil,
        let oldest = clients.min(by: { $0.value.time < $1.value.time })?.key
      {
        clients[oldest] = nil
      }
      clients[client] = Failures(count: min(Self.burst, (clients[client]?.count(at: now) ?? 0) + 1), time: now)
    }
  }

  /// Number of remembered clients.
  var count: Int { clients.withLock { $0.count } }
}
