/// Whether the system reports the processes that end, which names those that live between two scans.
package enum ProcessEnds: Hashable, Sendable {
  /// The system has no such reports.
  case unsupported
  case reported
  /// The reports cannot be received: why, and what to do.
  case missing(reason: String, advice: String)
}
