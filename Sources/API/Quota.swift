internal import Synchronization

/// How many of something there may be at a time.
final class Quota: Sendable {
  private let most: Int
  private let taken = Mutex(0)

  init(_ most: Int) {
    self.most = most
  }

  /// One of them, given back when it is let go; nil where all are taken.
  func take() -> Share? {
    let isFree = taken.withLock { taken in
      guard taken < most else { return false }
      taken += 1
      return true
    }
    return isFree ? Share(self) : nil
  }

  final class Share: Sendable {
    private let quota: Quota

    init(_ quota: Quota) {
      self.quota = quota
    }

    deinit {
      quota.taken.withLock { $0 -= 1 }
    }
  }
}
