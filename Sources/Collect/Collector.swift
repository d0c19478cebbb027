package import AgentMetrics

/// One source of figures: reads the machine, writes what it said into a Reading.
///
/// Collectors are used from the sampler's thread only; they keep their files open and their memory from tick to tick.
package protocol Collector: AnyObject {
  /// Its name in logs and metrics, "cpu".
  var name: String { get }

  /// Reads the source now and writes its part of `reading` in place.
  ///
  /// What the machine does not have is left absent and is no error. On an error the collector's part of the Reading is
  /// absent too, never that of the tick before.
  ///
  /// - Throws: CollectorError when a source that is there cannot be read or makes no sense.
  func read(into reading: inout Reading) throws(CollectorError)

  /// The same for a look between two ticks, for somebody who asks how things are now: a dear source may tell what it told
  /// last, with its age.
  func readBetween(into reading: inout Reading) throws(CollectorError)

  /// Begins work that may block, on a thread of its own, so that it is done when ``read(into:)`` comes; at once
  /// returning. Most collectors have none.
  func prepare()

  /// Seconds since the figures were read that the last ``read(into:)`` gave; 0 for a source read on the tick.
  var age: Double { get }

  /// What the source cannot see though reading worked, in one line; nil where it sees everything.
  var note: String? { get }

  /// Takes what the next reading is wanted for, before it is made. Most collectors read the same for everyone.
  func accept(_ demand: Demand)
}

/// What outputs want of the next reading.
package struct Demand: Sendable, Equatable {
  /// Whether anyone watches: a terminal, a stream, a page.
  package var isWatched = false
  /// Whether the reading answers a request for the table of processes.
  package var wantsTable = false
  /// Whether threads of active processes are wanted.
  package var wantsThreads = false
  /// Processes whose threads are wanted though they may be idle.
  package var threadsOf: Set<Int32> = []

  /// Samples only, where nothing is given.
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
  /// Reads as on a tick.
  package func readBetween(into reading: inout Reading) throws(CollectorError) { try read(into: &reading) }

  /// Nothing to prepare.
  package func prepare() {}

  /// Read on the tick.
  package var age: Double { 0 }

  /// Sees everything.
  package var note: String? { nil }

  /// Reads the same for everyone.
  package func accept(_ demand: Demand) {}
}

/// Why a source gave no figures, in one line.
package struct CollectorError: Error, Hashable, CustomStringConvertible {
  /// The line.
  package let description: String

  /// An error that says `description`.
  package init(_ description: String) {
    self.description = description
  }
}
