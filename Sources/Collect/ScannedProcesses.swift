package import AgentMetrics
internal import SystemIO

/// Processes of a system that reads all of them by few calls: the scans' pace, and the earlier scan for rates.
///
/// Scans run with each tick, and for requests of the table if the last one is a second old, unless they would take more than
/// a hundredth of a CPU, a tenth while a client watches. Between scans the last one is used, with its age.
package struct ScannedProcesses {
  /// Time of a scan by the boot-time clock.
  private let now: @Sendable () -> Double
  private var pacing = ScanPacing()

  /// Result of the last scan, and of an earlier one.
  package private(set) var reading = ProcessesReading()
  /// Rate and table that the clients want.
  package var demand = Demand()
  /// Seconds since the last scan's reading.
  package private(set) var age = 0.0

  /// - Parameter secondsPerTick: seconds in a tick of the processes' times.
  package init(secondsPerTick: Double, now: @escaping @Sendable () -> Double) {
    self.now = now
    reading.secondsPerTick = secondsPerTick
    reading.isLive = true
  }

  /// Scans if a scan is due, at a tick or for a request between ticks, and writes `reading.processes`.
  ///
  /// - Parameters:
  ///   - processors: counts the CPUs, infinite where unknown.
  ///   - scan: reads all processes at a time by the boot-time clock.
  package mutating func read(
    into result: inout Reading, isBetween: Bool, processors: () -> Double,
    scan: (Double) throws(CollectorError) -> [ProcessReading]
  ) throws(CollectorError) {
    let boottime = result.boottime
    let isDue =
      isBetween
      ? pacing.isDueBetween(at: boottime, wantsTable: demand.wantsTable)
      : pacing.isDue(at: boottime, isWatched: demand.isWatched)
    if isDue {
      result.processes = nil
      let start = Clock.threadCPU
      let instant = now()
      let (previous, previousInstant) = (reading.all, reading.instant)
      let all = try scan(instant)
      // A request may come shortly before a tick: the table's rates then cover the time since the scan before.
      if pacing.scans > 0, reading.earlier == nil || ScanPacing.isSpan(from: previousInstant, to: instant) {
        reading.earlier = previous
        reading.earlierInstant = previousInstant
      }
      if pacing.scans % 32 == 0 { reading.processors = processors() }
      reading.all = all
      reading.instant = instant
      pacing.count(at: boottime, cost: Clock.threadCPU - start)
    }
    age = pacing.age(at: boottime)
    reading.age = age
    result.processes = reading
  }
}

/// A collector of all processes by ``ScannedProcesses``.
package protocol ScanningCollector: Collector, AnyObject {
  var processes: ScannedProcesses { get set }

  /// Reads all processes at a time by the boot-time clock.
  func scan(at instant: Double) throws(CollectorError) -> [ProcessReading]

  /// The number of CPUs, infinite where unknown.
  static func processors() -> Double
}

extension ScanningCollector {
  package var name: String { "processes" }

  package var age: Double { processes.age }

  /// Sets the budget of the next scan.
  package func accept(_ demand: Demand) { processes.demand = demand }

  /// Writes `reading.processes`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    try processes.read(into: &reading, isBetween: false, processors: Self.processors, scan: scan)
  }

  /// Writes `reading.processes` from the last scan, unless the table is requested and that is a second old.
  package func readBetween(into reading: inout Reading) throws(CollectorError) {
    try processes.read(into: &reading, isBetween: true, processors: Self.processors, scan: scan)
  }
}
