internal import Synchronization

/// A counting semaphore that fails instead of blocking, with a limit per client.
final class Semaphore: Sendable {
  private struct Taken {
    var total = 0
    var byClient: [String: Int] = [:]
  }

  let limit: Int
  /// Maximum for one client.
  let mostPerClient: Int
  private let taken = Mutex(Taken())

  init(_ limit: Int) {
    self.limit = limit
    mostPerClient = max(1, limit / 2)
  }

  /// Permits that are taken.
  var used: Int { taken.withLock { $0.total } }

  /// Reason of a refusal.
  enum Refusal: Error {
    case all, client
  }

  /// Takes a permit, which is returned when it is released.
  ///
  /// - Parameter client: the client to count it for; nil for one without a limit.
  func take(for client: String? = nil) throws(Refusal) -> Permit {
    let refusal: Refusal? = taken.withLock { taken in
      if taken.total >= limit { return .all }
      if let client {
        let count = taken.byClient[client, default: 0]
        if count >= mostPerClient { return .client }
        taken.byClient[client] = count + 1
      }
      taken.total += 1
      return nil
    }
    if let refusal { throw refusal }
    return Permit(self, client)
  }

  private func giveBack(_ client: String?) {
    taken.withLock { taken in
      taken.total -= 1
      guard let client else { return }
      let left = taken.byClient[client, default: 1] - 1
      taken.byClient[client] = left > 0 ? left : nil
    }
  }

  final class Permit: Sendable {
    private let quota: Semaphore
    private let client: String?

    fileprivate init(_ quota: Semaphore, _ client: String?) {
      self.quota = quota
      self.client = client
    }

    deinit {
      quota.giveBack(client)
    }
  }
}
