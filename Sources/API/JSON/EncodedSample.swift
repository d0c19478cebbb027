internal import AgentMetrics
internal import SampleStore
internal import Synchronization

/// Cached JSON of a sample, encoded by its first reader.
struct EncodedSample: SampleCache {
  /// Plain text; kept while the sample is the newest, or older samples are requested repeatedly.
  var plain: [UInt8]?
  /// Compressed text, a fifth of that; kept as long as the sample.
  var block: Gzip.Block?
  /// Whether the sample is the newest.
  fileprivate(set) var isNewest = true

  mutating func release() {
    plain = nil
  }
}

extension History.Entry {
  /// Runs `body` with the cached text, under a lock, so that concurrent callers encode it once.
  func withText<Result>(_ body: (inout EncodedSample) -> Result) -> Result {
    withCache { cache, isNewest in
      var text = cache as? EncodedSample ?? EncodedSample()
      text.isNewest = isNewest
      defer { cache = text }
      return body(&text)
    }
  }
}

/// Decides when the plain text of older samples is worth its memory: while clients request it repeatedly.
final class PlainTextCache: Sendable {
  /// Seconds after which older samples drop their plain text.
  private static let lifetime = 150.0

  private struct State {
    /// Time of the last request, by the newest sample's clock.
    var requested = -Double.infinity
    /// Whether older samples may have plain text.
    var isUsed = false
    var observer: Int?
  }

  private let history: History
  private let state = Mutex(State())

  init(_ history: History) {
    self.history = history
    let observer = history.observe { [weak self] in self?.expire(at: $0.sample.boottime) }
    state.withLock { $0.observer = observer }
  }

  deinit {
    if let observer = state.withLock({ $0.observer }) { history.remove(observer) }
  }

  /// Records a request for older samples as plain text, and returns whether it follows another.
  func isRequestedAgain() -> Bool {
    let now = history.latest?.sample.boottime ?? -.infinity
    return state.withLock { state in
      let isAgain = now - state.requested <= Self.lifetime
      state.requested = now
      state.isUsed = state.isUsed || isAgain
      return isAgain
    }
  }

  /// Frees the text that has not been requested for some minutes.
  private func expire(at now: Double) {
    let isExpired = state.withLock { state in
      guard state.isUsed, !(now - state.requested <= Self.lifetime) else { return false }
      state.isUsed = false
      return true
    }
    guard isExpired else { return }
    for entry in history.all.dropLast() { entry.release() }
  }
}
