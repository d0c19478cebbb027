extension History {
  /// A client's request for samples: while it lives, samples are taken at least as often as requested.
  package final class Watch: Sendable {
    /// Seconds between its samples; usually the requested interval (``History/watch(interval:_:)``).
    package let interval: Int
    private let history: History
    private let observer: Int

    init(_ history: History, interval: Int, observer: Int) {
      self.history = history
      self.interval = interval
      self.observer = observer
    }

    deinit {
      end()
    }

    /// Ends the watch; idempotent.
    package func end() {
      history.remove(observer)
    }

    /// Sets whether scans of the processes include threads of active ones, and of one process even if idle.
    package func wantThreads(_ isWanted: Bool, of process: Int32? = nil) {
      history.setThreads(isWanted, of: process, observer: observer)
    }

    /// The newest sample of its track; nil before the first.
    package var newest: Entry? { history.newest(ofTrack: interval) }
  }
}

/// Samples taken for watches, while there are any.
struct LiveTrack {
  /// Maximum number of samples.
  static let capacity = 300
  /// Maximum number of tracks; the samples of each take megabytes on a large machine.
  static let limit = 4
  /// Seconds that a track outlives its last watch, as during the reload of a page.
  static let linger = 60.0

  /// Seconds between two samples.
  let interval: Int
  var ring = Ring<History.Entry>(capacity: capacity)
  /// Time since when it has no watch, by the monotonic clock; nil while it has one.
  var idleSince: Double?
}
