public import AgentMetrics

/// One source of figures: reads the machine, writes what it said into a Reading.
///
/// Collectors are used from the sampler's thread only; they keep their files open and their memory from tick to tick.
public protocol Collector: AnyObject {
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
}

extension Collector {
  /// Reads as on a tick.
  public func readBetween(into reading: inout Reading) throws(CollectorError) { try read(into: &reading) }

  /// Nothing to prepare.
  public func prepare() {}

  /// Read on the tick.
  public var age: Double { 0 }
}

/// Why a source gave no figures, in one line.
public struct CollectorError: Error, Hashable, CustomStringConvertible {
  /// The line.
  public let description: String

  /// An error that says `description`.
  public init(_ description: String) {
    self.description = description
  }
}
