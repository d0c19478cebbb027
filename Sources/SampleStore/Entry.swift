package import AgentMetrics
internal import Query
internal import Synchronization

/// Values that an output caches with a sample.
package protocol SampleCache: Sendable {
  /// Frees the values that only the newest sample keeps.
  mutating func release()
}

extension History {
  /// A sample with the values that outputs cache with it.
  package final class Entry: RecordedSample {
    private struct Cache {
      var isNewest = true
      var values: (any SampleCache)?
    }

    package let sample: Sample
    private let cache = Mutex(Cache())
    private let scans: Mutex<ProcessSpan?>

    init(_ sample: Sample, processes: ProcessSpan? = nil) {
      self.sample = sample
      scans = Mutex(processes)
    }

    /// Scans that the sample's processes are derived from; nil once its track has a newer sample.
    package var processes: ProcessSpan? { scans.withLock { $0 } }

    /// Frees the scans.
    func releaseProcesses() {
      scans.withLock { $0 = nil }
    }

    /// Runs `body` with the cached values, under a lock, so that concurrent callers compute them once.
    package func withCache<Result>(
      _ body: (_ values: inout (any SampleCache)?, _ isNewest: Bool) -> Result
    ) -> Result {
      cache.withLock { body(&$0.values, $0.isNewest) }
    }

    /// Frees the values that only the newest sample keeps.
    package func release() {
      cache.withLock { cache in
        cache.isNewest = false
        cache.values?.release()
      }
    }
  }
}
