package import AgentMetrics
package import Collect
internal import CWindows
internal import SystemIO

/// All processes: counts by state, the ones with the highest use, and the table.
///
/// One call reads them all, some 2 µs of CPU time per process. I/O is that of files, devices, pipes and sockets.
package final class ProcessesCollector: Collector {
  package let name = "processes"

  private let scanner: ProcessScanner
  private var processes: ScannedProcesses

  package convenience init() { self.init(boot: BootTime.filetime) }

  /// - Parameter boot: FILETIME at which the boot-time clock was 0.
  init(boot: UInt64, now: @escaping @Sendable () -> Double = { Clock.boottime }) {
    scanner = ProcessScanner(boot: boot)
    processes = ScannedProcesses(secondsPerTick: 1e-7, now: now)
  }

  package var age: Double { processes.age }

  /// Number of processes with unreadable users, in one line.
  package var note: String? {
    let hidden = scanner.withoutUser
    return hidden > 0 ? "users of \(hidden) of \(processes.reading.all.count) processes cannot be read" : nil
  }

  /// Sets the budget of the next scan.
  package func accept(_ demand: Demand) { processes.demand = demand }

  /// Writes `reading.processes`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    try read(into: &reading, isBetween: false)
  }

  /// Writes `reading.processes` from the last scan, unless the table is requested and that is a second old.
  package func readBetween(into reading: inout Reading) throws(CollectorError) {
    try read(into: &reading, isBetween: true)
  }

  private func read(into reading: inout Reading, isBetween: Bool) throws(CollectorError) {
    try processes.read(into: &reading, isBetween: isBetween, processors: Self.processors) {
      (now) throws(CollectorError) in try scanner.scan(at: now)
    }
  }

  private static func processors() -> Double {
    var topology = cwindows_topology()
    return cwindows_topology(&topology) && topology.threads > 0 ? Double(topology.threads) : .infinity
  }
}
