internal import Synchronization

/// A counting semaphore of connections that fails instead of blocking.
final class ConnectionBudget: Sendable {
  private let limit: Int
  /// Connections that streams leave to requests.
  private let reserve: Int
  private let taken = Mutex(0)

  init(_ limit: Int) {
    self.limit = limit
    reserve = limit > 4 ? max(2, limit / 8) : 0
  }

  /// Takes a permit, which is returned on its release; nil where all are taken.
  func take(for purpose: ClientConnection.Purpose) -> Permit? {
    let isFree = taken.withLock { taken in
      guard taken < (purpose == .stream ? limit - reserve : limit) else { return false }
      taken += 1
      return true
    }
    return isFree ? Permit(self) : nil
  }

  final class Permit: Sendable {
    private let budget: ConnectionBudget

    fileprivate init(_ budget: ConnectionBudget) {
      self.budget = budget
    }

    deinit {
      budget.taken.withLock { $0 -= 1 }
    }
  }
}
