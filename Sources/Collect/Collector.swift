package import AgentMetrics
internal import SystemIO

/// A source of values: reads part of the machine and writes it into a Reading.
///
/// Collectors are used from the sampler's thread only; they keep their files open and their memory from tick to tick.
package protocol Collector: AnyObject {
  /// Name in logs and metrics, "cpu".
  var name: String { get }

  /// Reads the source now and writes its part of `reading` in place.
  ///
  /// Missing hardware is not an error: its values stay absent. After an error the collector's part of the Reading is
  /// absent too, never that of the previous tick.
  ///
  /// - Throws: CollectorError when an existing source cannot be read or is malformed.
  func read(into reading: inout Reading) throws(CollectorError)

  /// Reads outside the schedule, for a scrape or a request.
  ///
  /// Expensive collectors may return cached values with their age.
  func readBetween(into reading: inout Reading) throws(CollectorError)

  /// Starts work that may block on a thread of its own, and returns immediately; the result is ready for
  /// ``read(into:)``.
  func prepare()

  /// Seconds since the values of the last ``read(into:)`` were read; 0 for a source read on the tick.
  var age: Double { get }

  /// Limitation of a working source, in one line; nil when it sees everything.
  var note: String? { get }

  /// Receives the demand before a reading; most collectors ignore it.
  func accept(_ demand: Demand)
}

/// The outputs' demand on the next reading.
package struct Demand: Sendable, Equatable {
  /// Whether a terminal, stream or page is watching.
  package var isWatched = false
  /// Whether the reading answers a request for the process table.
  package var wantsTable = false
  /// Whether threads of active processes are requested.
  package var wantsThreads = false
  /// Processes whose threads are requested even if idle.
  package var threadsOf: Set<Int32> = []

  package init(
    isWatched: Bool = false, wantsTable: Bool = false, wantsThreads: Bool = false, threadsOf: Set<Int32> = []
  ) {
    self.isWatched = isWatched
    self.wantsTable = wantsTable
    self.wantsThreads = wantsThreads
    self.threadsOf = threadsOf
  }
}

extension Collector {
  package func readBetween(into reading: inout Reading) throws(CollectorError) { try read(into: &reading) }

  package func prepare() {}

  package var age: Double { 0 }

  package var note: String? { nil }

  package func accept(_ demand: Demand) {}
}

/// Reason for missing values of a source, in one line.
package struct CollectorError: UserError, Hashable {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
