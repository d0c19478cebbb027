extension History {
  /// Somebody who watches: while it lives, samples are taken at least as often as it asked for.
  package final class Watch: Sendable {
    /// Seconds between two samples that it is given; what was asked for, as a rule (``History/watch(interval:_:)``).
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

    /// Ends it; a second end does nothing.
    package func end() {
      history.remove(observer)
    }

    /// Sets whether scans of the processes include threads of active ones, and of one process in any case.
    package func wantThreads(_ isWanted: Bool, of process: Int32? = nil) {
      history.setThreads(isWanted, of: process, observer: observer)
    }

    /// The newest sample of its track; nil before the first.
    package var newest: Entry? { history.newest(ofTrack: interval) }
  }
}

/// The samples that are taken for those who watch, while they do.
struct LiveTrack {
  /// Samples kept at most.
  static let capacity = 300
  /// Tracks at most; each holds as many samples, which on a great machine are megabytes.
  static let limit = 4
  /// Seconds that a track outlives its last watcher, who may only be reloading a page.
  static let linger = 60.0

  /// Seconds between two samples.
  let interval: Int
  var ring = Ring<History.Entry>(capacity: capacity)
  /// By the monotonic clock, when it was first seen without a watcher; nil while it has one.
  var idleSince: Double?
}
