/// When an expensive scan is due, so that all scans stay within a budget of CPU time.
///
/// A scan runs with each tick and for requests between ticks: a hundredth of one CPU, a tenth while a client watches or
/// after the kernel has killed a process for lack of memory, whose traces go soon.
/// Between scans the last one is used, with its age.
package struct ScanPacing {
  /// Time between two scans ÷ CPU time of a scan: 100 for a hundredth of one CPU.
  private let rest: Double
  /// The same while a client watches, and after an OOM kill.
  private static let watchedRest = 10.0
  /// Seconds after which a scan is due, whatever it costs.
  private static let longest = 30.0
  /// Minimum seconds between two scans for rates; only the first ones at start are closer.
  package static let shortestSpan = 0.9

  /// Number of scans so far.
  package private(set) var scans = 0
  /// Boot-time clock of the last scan's reading, and CPU time of that scan in seconds.
  package private(set) var last = -Double.infinity
  private var cost = 0.0
  /// The machine's OOM kills at the last scan; nil where unknown.
  private var oomKills: UInt64?

  package init(rest: Double = 100) { self.rest = rest }

  /// Whether a scan is due at a tick; the second one yields the first rates, and a tick that is slightly early counts.
  ///
  /// - Parameter oomKills: the machine's OOM kills at the tick.
  package func isDue(at now: Double, isWatched: Bool = false, oomKills: UInt64? = nil) -> Bool {
    let rest = isWatched || oomKills ?? 0 > self.oomKills ?? .max ? Self.watchedRest : rest
    return scans < 2 || now >= last + min(Self.longest, cost * rest) - 0.05
  }

  /// Whether a scan is due between ticks, with a request of the table or without one.
  package func isDueBetween(at now: Double, wantsTable: Bool) -> Bool {
    let pause = wantsTable ? max(Self.shortestSpan, cost * Self.watchedRest) : Self.longest
    return scans < 2 || now >= last + min(Self.longest, pause)
  }

  /// Whether a scan at `now` is far enough from one at `instant` for rates between them.
  package static func isSpan(from instant: Double, to now: Double) -> Bool { now - instant >= shortestSpan - 0.001 }

  /// Counts a scan that began at `now` and took `cost` seconds of CPU time.
  package mutating func count(at now: Double, cost: Double, oomKills: UInt64? = nil) {
    scans += 1
    (last, self.cost, self.oomKills) = (now, cost, oomKills)
  }

  /// Seconds since the last scan's reading.
  package func age(at now: Double) -> Double { max(0, now - last) }
}
