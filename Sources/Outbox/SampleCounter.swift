internal import Synchronization
internal import SampleStore

/// Counts the samples that are appended to a history, and signals each.
final class SampleCounter: Sendable {
  private let history: History
  private let number = Mutex(0)
  private let observer = Mutex<Int?>(nil)

  init(_ history: History, wakeups: [Wakeup]) {
    self.history = history
    let observer = history.observe { [weak self] _ in
      self?.number.withLock { $0 += 1 }
      for wakeup in wakeups { wakeup.signal(.sample) }
    }
    self.observer.withLock { $0 = observer }
  }

  deinit {
    end()
  }

  /// Samples since it was created.
  var count: Int { number.withLock { $0 } }

  func end() {
    let observer = observer.withLock { observer in
      defer { observer = nil }
      return observer
    }
    if let observer { history.remove(observer) }
  }
}
