package import AgentMetrics
package import Collect
internal import CWindows
internal import SystemIO

/// All processes: counts by state, the ones with the highest use, and the table.
///
/// One call reads them all, some 2 µs of CPU time per process. Scans run with each tick, and for requests of the table
/// if the last one is a second old, unless they would take more than a hundredth of a CPU, a tenth while a client
/// watches. Between scans the last one is used, with its age. I/O is that of files, devices, pipes and sockets.
package final class ProcessesCollector: Collector {
  package let name = "processes"

  private let scanner: ProcessScanner
  private let now: @Sendable () -> Double
  private var reading = ProcessesReading()
  private var demand = Demand()
  private var pacing = ScanPacing()

  package convenience init() { self.init(boot: BootTime.filetime) }

  /// - Parameter boot: FILETIME at which the boot-time clock was 0.
  init(boot: UInt64, now: @escaping @Sendable () -> Double = { Clock.boottime }) {
    scanner = ProcessScanner(boot: boot)
    self.now = now
    reading.secondsPerTick = 1e-7
    reading.isLive = true
  }

  package private(set) var age = 0.0

  /// Number of processes with unreadable users, in one line.
  package var note: String? {
    let hidden = scanner.withoutUser
    return hidden > 0 ? "users of \(hidden) of \(reading.all.count) processes cannot be read" : nil
  }

  /// Sets the budget of the next scan.
  package func accept(_ demand: Demand) {
    self.demand = demand
  }

  /// Writes `reading.processes`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if pacing.isDue(at: reading.boottime, isWatched: demand.isWatched) { try scan(for: &reading) }
    write(into: &reading)
  }

  /// Writes `reading.processes` from the last scan, unless the table is requested and that is a second old.
  package func readBetween(into reading: inout Reading) throws(CollectorError) {
    if pacing.isDueBetween(at: reading.boottime, wantsTable: demand.wantsTable) { try scan(for: &reading) }
    write(into: &reading)
  }

  private func scan(for reading: inout Reading) throws(CollectorError) {
    reading.processes = nil
    let start = Clock.threadCPU
    let instant = now()
    let (previous, previousInstant) = (scanner.last, self.reading.instant)
    let all = try scanner.scan(at: instant)
    // A request may come shortly before a tick: the table's rates then cover the time since the scan before.
    if pacing.scans > 0, self.reading.earlier == nil || ScanPacing.isSpan(from: previousInstant, to: instant) {
      self.reading.earlier = previous
      self.reading.earlierInstant = previousInstant
    }
    if pacing.scans % 32 == 0 {
      var topology = cwindows_topology()
      let isKnown = cwindows_topology(&topology) && topology.threads > 0
      self.reading.processors = isKnown ? Double(topology.threads) : .infinity
    }
    self.reading.all = all
    self.reading.instant = instant
    pacing.count(at: reading.boottime, cost: Clock.threadCPU - start)
  }

  private func write(into reading: inout Reading) {
    age = pacing.age(at: reading.boottime)
    self.reading.age = age
    reading.processes = self.reading
  }
}
